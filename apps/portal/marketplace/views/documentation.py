"""The documentation of one endpoint."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import markdown
from apps.plans.selectors import cheapest_opening, list_plans_seen_by
from apps.portal.marketplace.documentation import document
from apps.products.selectors import get_endpoint
from apps.subscriptions.selectors import get_visible_product, list_live_subscriptions_of


@require_safe
def endpoint(request: HttpRequest, slug: str, endpoint_id: str) -> HttpResponse:
    product = get_visible_product(user=request.user, slug=slug)
    found = get_endpoint(product, public_id=endpoint_id)
    documentation = document(product, found)
    user = request.user
    context = {
        "product": product,
        "endpoint": found,
        "documentation": documentation,
        "description": markdown.render(documentation.operation.description),
        "plan": cheapest_opening(list_plans_seen_by(request.user, product), found.tier.rank),
        "subscription": list_live_subscriptions_of(user, product).first() if user.is_authenticated else None,
    }
    return render(request, "marketplace/endpoint.html", context)
