"""The settings of a product, and the secret that its backend checks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.rendering import render_page
from apps.portal.studio import signature_sample
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import LogoForm
from apps.portal.studio.forms.products import ProductSettingsForm
from apps.products.models import Product
from apps.products.services import activate_proxy_secret, discard_proxy_secret, prepare_proxy_secret, update_product


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    actor = request.actor
    initial = ProductSettingsForm.initial_of(product)
    form = ProductSettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        actor.require(Action.PRODUCTS_EDIT)
    if form.is_valid():
        changed = carried_out(form, lambda: update_product(actor=actor, product=product, **form.values()))
        if changed is not None:
            messages.success(request, _("Saved. The gateway follows within 5 seconds."))
            return redirect("portal:studio-settings", actor.organization.slug, product.slug)
    return _page(request, product, form)


@require_POST
@never_cache
@product_page
def reveal(request: PortalRequest, product: Product) -> HttpResponse:
    """The settings with the secrets in clear: on demand, and kept by no cache."""
    request.actor.require(Action.PRODUCTS_EDIT)
    form = ProductSettingsForm(initial=ProductSettingsForm.initial_of(product))
    return _page(request, product, form, secret=product.proxy_secret, next_secret=product.next_proxy_secret)


@require_POST
@product_page
def prepare_secret(request: PortalRequest, product: Product) -> HttpResponse:
    prepare_proxy_secret(actor=request.actor, product=product)
    messages.success(request, _("The next secret is made. Within 5 seconds, calls are signed with it, too."))
    return _back(request, product)


@require_POST
@product_page
def activate_secret(request: PortalRequest, product: Product) -> HttpResponse:
    if request.POST.get("confirm") != product.slug:
        raise Invalid(_("Type the address of the product to confirm."), field="confirm")
    activate_proxy_secret(actor=request.actor, product=product)
    messages.success(request, _("The next secret is the current one. Calls carry it within 5 seconds."))
    return _back(request, product)


@require_POST
@product_page
def discard_secret(request: PortalRequest, product: Product) -> HttpResponse:
    discard_proxy_secret(actor=request.actor, product=product)
    messages.success(request, _("The next secret is gone. The current one stays."))
    return _back(request, product)


def _back(request: PortalRequest, product: Product) -> HttpResponse:
    return redirect("portal:studio-settings", request.actor.organization.slug, product.slug)


def _page(
    request: PortalRequest, product: Product, form: ProductSettingsForm, secret: str = "", next_secret: str = ""
) -> HttpResponse:
    context = {
        "product": product,
        "form": form,
        "logo_form": LogoForm(),
        "secret": secret,
        "next_secret": next_secret,
        "signature_sample": signature_sample.PYTHON,
        "may_edit": request.actor.may(Action.PRODUCTS_EDIT),
    }
    return render_page(request, "studio/settings.html", context, fragment="secret", status=422 if form.errors else 200)
