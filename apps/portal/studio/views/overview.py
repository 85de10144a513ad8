"""The first page of a product: what it still lacks, or how it does."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core import clock
from apps.gateway.outages import find_outage
from apps.plans.models import Plan
from apps.plans.selectors import list_plans, list_plans_on_sale
from apps.portal.access import PortalRequest
from apps.portal.marketplace.documentation import first_call, gateway_url
from apps.portal.studio.access import product_page
from apps.portal.usage.ranges import read_range
from apps.products.enums import ProductStatus
from apps.products.hosting import is_hosting
from apps.products.models import Product
from apps.products.samples import CodeSample
from apps.products.selectors import list_endpoints
from apps.products.services import publish_product, unpublish_product
from apps.subscriptions.selectors import count_live_subscriptions
from apps.usage import selectors as usage
from apps.usage.selectors import Scope


@dataclass(frozen=True)
class Step:
    """A step on the way to publication; `url` is where it is done, empty where the actor may not.

    `without` is what a published product suffers that lacks it.
    """

    title: str
    note: str
    is_done: bool
    verb: str
    url: str
    without: str = ""


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    week = read_range({"range": "7d"}, clock.now())
    scope = Scope.of_product(product)
    plans = list(list_plans_on_sale(product))
    steps = _steps(request, product, plans)
    missing = [step for step in steps if not step.is_done]
    context = {
        "product": product,
        "gateway_url": gateway_url(product),
        "steps": steps,
        "next_step": missing[0] if missing else None,
        "is_ready": not missing,
        "is_published": product.status == ProductStatus.PUBLISHED,
        "unreachable_since": find_outage(product),
        "is_suspended": product.status == ProductStatus.SUSPENDED,
        "subscribers": count_live_subscriptions([product]).get(product.pk, 0),
        "week": usage.get_usage(scope, week.start, week.end),
        "daily_calls": [point.stats.calls for point in usage.usage_by_day(scope, week.start, week.end)],
        "refused": sum(calls for _code, calls in usage.rejections_by_code(scope, week.start, week.end)),
        "samples": _samples(product, plans),
    }
    return render(request, "studio/overview.html", context)


@require_POST
@product_page
def publish(request: PortalRequest, product: Product) -> HttpResponse:
    publish_product(actor=request.actor, product=product)
    messages.success(request, _("%(name)s is published.") % {"name": product.name})
    return redirect("portal:studio-product", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def unpublish(request: PortalRequest, product: Product) -> HttpResponse:
    unpublish_product(actor=request.actor, product=product)
    messages.success(request, _("%(name)s is not in the marketplace any more.") % {"name": product.name})
    return redirect("portal:studio-product", request.actor.organization.slug, product.slug)


def _steps(request: PortalRequest, product: Product, on_sale: Sequence[Plan]) -> list[Step]:
    """What stands before publication. Publishing itself is the page's own button."""
    actor = request.actor
    page = (actor.organization.slug, product.slug)

    def url(name: str, action: Action) -> str:
        return reverse(name, args=page) if actor.may(action) else ""

    has_endpoints = list_endpoints(product).exists()
    has_plans = bool(on_sale) or list_plans(product).exists()
    steps = [
        Step(
            title=_("Connect a backend"),
            note=product.upstream_url,
            is_done=True,
            verb=_("Change"),
            url=url("portal:studio-settings", Action.PRODUCTS_EDIT),
        ),
        Step(
            title=_("Add an endpoint"),
            note=_("A method and a path that consumers may call."),
            is_done=has_endpoints,
            verb=_("Open endpoints") if has_endpoints else _("Add endpoint"),
            url=url(f"portal:studio-endpoint{'s' if has_endpoints else '-new'}", Action.PRODUCTS_EDIT),
            without=_("There is nothing that consumers could call."),
        ),
        Step(
            title=_("Put a plan on sale"),
            note=_("What consumers subscribe to: quotas, rate limits and a price."),
            is_done=bool(on_sale),
            verb=_("Open plans") if has_plans else _("Create plan"),
            url=url(f"portal:studio-plan{'s' if has_plans else '-new'}", Action.PLANS_EDIT),
            without=_("No plan is on sale: nobody can subscribe any more."),
        ),
    ]
    return steps[2:] if is_hosting(product) else steps  # it is not called


def _samples(product: Product, plans: Sequence[Plan]) -> list[CodeSample]:
    """The simplest call that the highest plan opens."""
    return first_call(product, plans[-1]) if plans else []
