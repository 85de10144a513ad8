"""The end of a product: deprecated, to be retired on a date, retired."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import DeprecateForm, RetireForm
from apps.products import services
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.subscriptions.selectors import count_live_subscriptions


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    return _page(request, product)


@require_POST
@product_page
def deprecate(request: PortalRequest, product: Product) -> HttpResponse:
    form = DeprecateForm(request.POST)
    actor = request.actor
    actor.require(Action.PRODUCTS_PUBLISH)
    if form.is_valid():
        done = carried_out(form, lambda: services.deprecate_product(actor=actor, product=product, **form.cleaned_data))
        if done is not None:
            return _back(request, product, _("It is marked as deprecated, on its pages and in every answer."))
    return _page(request, product, deprecate_form=form)


@require_POST
@product_page
def undeprecate(request: PortalRequest, product: Product) -> HttpResponse:
    services.undeprecate_product(actor=request.actor, product=product)
    return _back(request, product, _("The mark is gone."))


@require_POST
@product_page
def retire(request: PortalRequest, product: Product) -> HttpResponse:
    form = RetireForm(request.POST)
    actor = request.actor
    actor.require(Action.PRODUCTS_PUBLISH)
    if request.POST.get("confirm") != product.slug:
        raise Invalid(_("Type the address of the product to confirm."), field="confirm")
    if form.is_valid():
        retired = carried_out(form, lambda: services.retire_product(actor=actor, product=product, **form.values()))
        if retired is not None:
            text = _("It is retired.") if retired.is_retired else _("The end is set, and subscribers are told.")
            return _back(request, product, text)
    return _page(request, product, retire_form=form)


@require_POST
@product_page
def call_off(request: PortalRequest, product: Product) -> HttpResponse:
    services.call_off_retirement(actor=request.actor, product=product)
    return _back(request, product, _("It goes on. Publish it again for new subscriptions."))


def _back(request: PortalRequest, product: Product, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect("portal:studio-lifecycle", request.actor.organization.slug, product.slug)


def _page(
    request: PortalRequest,
    product: Product,
    *,
    deprecate_form: DeprecateForm | None = None,
    retire_form: RetireForm | None = None,
) -> HttpResponse:
    note = {"note": product.lifecycle_note}
    ends = {"retires_on": product.retires_at.date()} if product.retires_at else {}
    context = {
        "product": product,
        "subscribers": count_live_subscriptions([product]).get(product.pk, 0),
        "notice_days": settings.PRODUCT_RETIREMENT_DAYS,
        "deprecate_form": deprecate_form or DeprecateForm(initial=note, auto_id="deprecate_%s"),
        "retire_form": retire_form or RetireForm(initial=note | ends, auto_id="retire_%s"),
        "may_decide": request.actor.may(Action.PRODUCTS_PUBLISH) and product.status != ProductStatus.SUSPENDED,
    }
    failed = any(form is not None and form.errors for form in (deprecate_form, retire_form))
    return render(request, "studio/lifecycle.html", context, status=422 if failed else 200)
