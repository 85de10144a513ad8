"""The page of one product, a view for each of its tabs."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.selectors import list_memberships_of
from apps.core import markdown
from apps.plans.models import Plan
from apps.plans.selectors import cheapest_of, cheapest_opening, list_plans_seen_by
from apps.portal.marketplace.documentation import gateway_url
from apps.portal.marketplace.offers import offer
from apps.portal.marketplace.support import channel_rows
from apps.portal.query import searched
from apps.portal.rendering import render_page
from apps.products.enums import ProductStatus
from apps.products.models import Endpoint, Product
from apps.products.selectors import count_endpoints_by_rank, list_changelog, list_faq, search_endpoints
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import get_visible_product, list_live_subscriptions_of

ENDPOINTS_PER_PAGE = 20
CHANGES_PER_PAGE = 20


@dataclass(frozen=True)
class EndpointRow:
    endpoint: Endpoint
    plan: Plan | None  # the cheapest that opens it; None where none on sale does


@dataclass(frozen=True)
class ProductPage:
    """What every tab shows: the product, what the reader has to do with it, what there is of everything."""

    product: Product
    plans: list[Plan]  # on sale for the reader; none of a product that has ended
    endpoints_by_rank: dict[int, int]
    subscriptions: list[Subscription]
    is_own: bool

    @property
    def changing(self) -> Subscription | None:
        """The one subscription whose plan the reader would change instead of buying another."""
        begun = [one for one in self.subscriptions if one.status in SubscriptionStatus.begun()]
        return begun[0] if len(begun) == 1 == len(self.subscriptions) else None

    @property
    def is_public(self) -> bool:
        """Whether everybody sees the page: it is listed, or was and ends."""
        product = self.product
        if product.status == ProductStatus.PUBLISHED:
            return True
        ends = product.is_retired or (product.is_retiring and product.status == ProductStatus.UNPUBLISHED)
        return ends and product.published_at is not None

    def context(self, tab: str) -> dict[str, Any]:
        return {
            "tab": tab,
            "product": self.product,
            "address": gateway_url(self.product),
            "cheapest": cheapest_of(self.plans),
            "endpoints": sum(self.endpoints_by_rank.values()),
            "offers": [offer(plan, self.endpoints_by_rank) for plan in self.plans],
            "subscriptions": self.subscriptions,
            "changing": self.changing,
            "current_plans": {subscription.plan_id for subscription in self.subscriptions},
            "is_own": self.is_own,
            "is_public": self.is_public,
            "is_listed": self.product.status == ProductStatus.PUBLISHED,
        }


def _page(request: HttpRequest, slug: str) -> ProductPage:
    product = get_visible_product(user=request.user, slug=slug)
    subscriptions, is_own = [], False
    if request.user.is_authenticated:
        subscriptions = list(list_live_subscriptions_of(request.user, product).select_related("plan__tier"))
        is_own = list_memberships_of(request.user).filter(organization=product.organization_id).exists()
    return ProductPage(
        product=product,
        plans=[] if product.is_retired else list(list_plans_seen_by(request.user, product)),
        endpoints_by_rank=count_endpoints_by_rank(product),
        subscriptions=subscriptions,
        is_own=is_own,
    )


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    page = _page(request, slug)
    context = {
        "description": markdown.render(page.product.description),
        "faq": [(entry, markdown.render(entry.answer)) for entry in list_faq(page.product)],
    }
    return render(request, "marketplace/product.html", page.context("overview") | context)


@require_safe
def endpoints(request: HttpRequest, slug: str) -> HttpResponse:
    page = _page(request, slug)
    search = searched(request)
    found: Page[Endpoint] = Paginator(search_endpoints(page.product, search=search), ENDPOINTS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "search": search,
        "page": found,
        "rows": [EndpointRow(one, cheapest_opening(page.plans, one.tier.rank)) for one in found.object_list],
    }
    return render_page(
        request, "marketplace/endpoints.html", page.context("endpoints") | context, fragment="endpoint-list"
    )


@require_safe
def plans(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "marketplace/plans.html", _page(request, slug).context("plans"))


@require_safe
def changelog(request: HttpRequest, slug: str) -> HttpResponse:
    page = _page(request, slug)
    found = Paginator(list_changelog(page.product), CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": found, "entries": [(entry, markdown.render(entry.body)) for entry in found.object_list]}
    return render(request, "marketplace/changelog.html", page.context("changelog") | context)


@require_safe
def support(request: HttpRequest, slug: str) -> HttpResponse:
    page = _page(request, slug)
    channels = channel_rows(page.product, subscriptions=page.subscriptions, plans=page.plans, is_own=page.is_own)
    return render(request, "marketplace/support.html", page.context("support") | {"channels": channels})
