"""The coupons of a product."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.billing.models import Coupon
from apps.billing.selectors import get_coupon, list_coupons
from apps.billing.services import archive_coupon, create_coupon
from apps.core import clock
from apps.plans.selectors import list_plans
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.coupons import CouponForm
from apps.portal.wording import coupon_in_words
from apps.products.models import Product


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    """The list; a POST makes another one."""
    actor = request.actor
    plans = list(list_plans(product))
    form = CouponForm(request.POST if request.method == "POST" else None, plans=plans)
    if request.method == "POST":
        actor.require(Action.PLANS_EDIT)
    if form.is_valid():
        coupon = carried_out(form, lambda: create_coupon(actor=actor, product=product, spec=form.spec()))
        if coupon is not None:
            messages.success(request, _("The coupon %(code)s can be entered now.") % {"code": coupon.code})
            return redirect("portal:studio-coupons", actor.organization.slug, product.slug)
    names = {plan.slug: plan.name for plan in plans}
    context = {
        "product": product,
        "form": form,
        "rows": [_row(coupon, names) for coupon in list_coupons(actor, product)],
    }
    return render(request, "studio/coupons.html", context, status=422 if form.errors else 200)


@require_POST
@product_page
def archive(request: PortalRequest, product: Product, coupon_id: str) -> HttpResponse:
    coupon = archive_coupon(actor=request.actor, coupon=get_coupon(request.actor, product, public_id=coupon_id))
    messages.success(request, _("The coupon %(code)s is not accepted any more.") % {"code": coupon.code})
    return redirect("portal:studio-coupons", request.actor.organization.slug, product.slug)


def _row(coupon: Coupon, plan_names: dict[str, str]) -> dict[str, object]:
    is_over = coupon.redeem_by is not None and coupon.redeem_by <= clock.now()
    return {
        "coupon": coupon,
        "terms": coupon_in_words(coupon),
        "plans": ", ".join(plan_names.get(slug, slug) for slug in coupon.plan_slugs),
        "is_accepted": coupon.archived_at is None and not is_over,
    }
