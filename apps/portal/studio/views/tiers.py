"""The tiers of a product: levels of access that endpoints require and plans sell."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.products import TierForm
from apps.products.models import Product
from apps.products.selectors import get_tier, list_tiers
from apps.products.services import add_tier, remove_tier, rename_tier


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
    context = {"product": product, "tiers": list_tiers(product), "form": form}
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
