"""The tiers of a product: levels of access that endpoints require and plans sell."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.plans.selectors import count_plans_by_tier
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.products import TierForm
from apps.products.models import Product, Tier
from apps.products.selectors import count_endpoints_by_tier, get_tier
from apps.products.services import add_tier, remove_tier, rename_tier


@dataclass(frozen=True)
class TierRow:
    """A tier, and what there is or was of it: what names it in usage and invoices keeps it."""

    tier: Tier
    endpoints: int
    plans: int
    is_removable: bool


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    """The list; a POST adds one above the others."""
    actor = request.actor
    form = TierForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        actor.require(Action.PRODUCTS_EDIT)
    if form.is_valid():
        tier = carried_out(form, lambda: add_tier(actor=actor, product=product, **form.cleaned_data))
        if tier is not None:
            messages.success(request, _("Added the tier %(name)s.") % {"name": tier.name})
            return redirect("portal:studio-tiers", actor.organization.slug, product.slug)
    context = {"product": product, "rows": _rows(product), "form": form}
    return render(request, "studio/tiers.html", context, status=422 if form.errors else 200)


@require_POST
@product_page
def rename(request: PortalRequest, product: Product, tier_slug: str) -> HttpResponse:
    tier = get_tier(product, slug=tier_slug)
    form = TierForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Give a name of 1 to 40 characters."), field="name")
    rename_tier(actor=request.actor, tier=tier, name=form.cleaned_data["name"])
    messages.success(request, _("The tier is now called %(name)s.") % {"name": tier.name})
    return redirect("portal:studio-tiers", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, tier_slug: str) -> HttpResponse:
    tier = get_tier(product, slug=tier_slug)
    remove_tier(actor=request.actor, tier=tier)
    messages.success(request, _("Removed the tier %(name)s.") % {"name": tier.name})
    return redirect("portal:studio-tiers", request.actor.organization.slug, product.slug)


def _rows(product: Product) -> list[TierRow]:
    """The highest first."""
    tiers = list(product.tiers.all())
    endpoints, plans = count_endpoints_by_tier(product), count_plans_by_tier(product)
    return [
        TierRow(
            tier=tier,
            endpoints=endpoints.get(tier.pk, 0),
            plans=plans.get(tier.pk, 0),
            is_removable=len(tiers) > 1 and tier.pk not in endpoints and tier.pk not in plans,
        )
        for tier in sorted(tiers, key=lambda tier: -tier.rank)
    ]
