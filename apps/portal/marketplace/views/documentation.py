"""The documentation of one endpoint, and calls from it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_ratelimit.core import is_ratelimited

from apps.accounts.models import User
from apps.accounts.selectors import get_actor
from apps.core import markdown
from apps.core.errors import DomainError
from apps.keys.services import issue_try_out_key
from apps.plans.selectors import cheapest_opening, list_plans_seen_by
from apps.portal.access import signed_in
from apps.portal.marketplace.documentation import document
from apps.portal.marketplace.terms import plan_terms, refusals
from apps.portal.marketplace.try_out.forms import TryOutForm
from apps.portal.marketplace.try_out.gate import gate
from apps.portal.marketplace.try_out.sending import GatewayAway, send
from apps.portal.marketplace.try_out.showing import ShownAnswer, shown
from apps.portal.rendering import render_page
from apps.products.models import Product
from apps.products.openapi.example_answers import example_answer
from apps.products.samples import code_samples
from apps.products.selectors import get_endpoint
from apps.subscriptions.selectors import get_visible_product, list_live_subscriptions_of

TEMPLATE = "marketplace/endpoint.html"
FRAGMENT = "try"
# Calls from the documentation, for each person.
RATE = "30/m"


@require_safe
def endpoint(request: HttpRequest, slug: str, endpoint_id: str) -> HttpResponse:
    return render_page(request, TEMPLATE, _context(request, slug, endpoint_id), fragment=FRAGMENT)


@require_POST
@signed_in
def try_out(request: HttpRequest, slug: str, endpoint_id: str) -> HttpResponse:
    """Make the call through the gateway and show the answer, on the page or as a part of it."""
    context = _context(request, slug, endpoint_id)
    form: TryOutForm | None = context["form"]
    status = 422
    if form is not None and form.is_valid():
        if is_ratelimited(request, group="try-out", key="user", rate=RATE, method="POST", increment=True):
            status = 429
            context["problem"] = _("These are many calls in a minute. Wait a moment, then send again.")
        else:
            try:
                context |= _send(request, context["product"], form)
                status = 200
            except GatewayAway:
                status = 502
                context["problem"] = _("The gateway did not answer. Send the call again in a moment.")
            except DomainError as error:
                context["problem"] = error.message
    # A script takes over only what was answered well.
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined] # set by HtmxMiddleware
    return render_page(request, TEMPLATE, context, fragment=FRAGMENT, status=200 if is_fragment else status)


def _send(request: HttpRequest, product: Product, form: TryOutForm) -> dict[str, Any]:
    assert isinstance(request.user, User)
    subscription, call = form.subscription, form.call()
    actor = get_actor(user=request.user, organization_slug=subscription.organization.slug)
    secret = issue_try_out_key(actor=actor, subscription=subscription, mode=form.mode)
    answer: ShownAnswer = shown(send(call, product, secret))
    curl = code_samples(call.sample(product, settings.GATEWAY_URL))[0]
    return {"shown": answer, "curl": curl.code}


def _context(request: HttpRequest, slug: str, endpoint_id: str) -> dict[str, Any]:
    user = request.user
    product = get_visible_product(user=user, slug=slug)
    found = get_endpoint(product, public_id=endpoint_id)
    documentation = document(product, found)
    plans = list(list_plans_seen_by(user, product))
    subscriptions = list(list_live_subscriptions_of(user, product)) if user.is_authenticated else []
    opened = gate(user, found, subscriptions)
    form = None
    if opened.is_open:
        form = TryOutForm(
            request.POST if request.method == "POST" else None,
            endpoint=found,
            operation=documentation.operation,
            subscriptions=opened.subscriptions,
            has_test_answers=bool(product.test_upstream_url) or example_answer(found.operation) is not None,
        )
    return {
        "product": product,
        "endpoint": found,
        "documentation": documentation,
        "description": markdown.render(documentation.operation.description),
        "plan": cheapest_opening(plans, found.tier.rank),
        "terms": plan_terms(found, plans),
        "refusals": refusals(product, found, plans),
        "subscription": next(iter(subscriptions), None),
        "gate": opened,
        "form": form,
    }
