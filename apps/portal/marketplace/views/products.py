"""The marketplace: the list of products, and the page of one."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.accounts.selectors import list_memberships_of
from apps.core import markdown
from apps.plans.models import Plan
from apps.plans.selectors import cheapest_opening, cheapest_plans, list_plans_seen_by
from apps.portal.marketplace.documentation import gateway_url
from apps.portal.marketplace.offers import offer
from apps.portal.query import searched
from apps.portal.rendering import render_page
from apps.products.enums import ProductStatus
from apps.products.models import Endpoint, Product
from apps.products.selectors import (
    count_endpoints,
    count_endpoints_by_rank,
    list_listed_products,
    search_endpoints,
)
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import get_visible_product, list_live_subscriptions_of

PRODUCTS_PER_PAGE = 20
ENDPOINTS_PER_PAGE = 20


@dataclass(frozen=True)
class Listing:
    product: Product
    cheapest: Plan | None
    endpoints: int


@dataclass(frozen=True)
class EndpointRow:
    endpoint: Endpoint
    plan: Plan | None  # the cheapest that opens it; None where none on sale does


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    search = searched(request)
    page = Paginator(list_listed_products(search=search), PRODUCTS_PER_PAGE).get_page(request.GET.get("page"))
    products = list(page.object_list)
    plans, endpoints = cheapest_plans(products), count_endpoints(products)
    context = {
        "search": search,
        "page": page,
        "listings": [Listing(p, plans.get(p.pk), endpoints.get(p.pk, 0)) for p in products],
    }
    return render_page(request, "marketplace/product_list.html", context, fragment="results")


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_visible_product(user=request.user, slug=slug)
    plans = list(list_plans_seen_by(request.user, found))
    by_rank = count_endpoints_by_rank(found)
    search = searched(request)
    page: Page[Endpoint] = Paginator(search_endpoints(found, search=search), ENDPOINTS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "product": found,
        "address": gateway_url(found),
        "description": markdown.render(found.description),
        "offers": [offer(plan, by_rank) for plan in plans],
        "endpoints": sum(by_rank.values()),
        "search": search,
        "page": page,
        "rows": [EndpointRow(endpoint, cheapest_opening(plans, endpoint.tier.rank)) for endpoint in page.object_list],
        **_relation(request.user, found),
    }
    return render_page(request, "marketplace/product.html", context, fragment="endpoint-list")


def _relation(user: User | AnonymousUser, product: Product) -> dict[str, object]:
    """What the person has to do with the product already."""
    subscriptions: list[Subscription] = []
    membership = None
    if user.is_authenticated:
        subscriptions = list(list_live_subscriptions_of(user, product))
        membership = list_memberships_of(user).filter(organization=product.organization_id).first()
    return {
        "subscriptions": subscriptions,
        "current_plans": {subscription.plan_id for subscription in subscriptions},
        "is_own": membership is not None,
        "is_listed": product.status == ProductStatus.PUBLISHED,
    }
