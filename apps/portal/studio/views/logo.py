"""The logo of a product; its form stands in the settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import LogoForm
from apps.products.models import Product
from apps.products.services import remove_logo, set_logo


@require_POST
@product_page
def upload(request: PortalRequest, product: Product) -> HttpResponse:
    request.actor.require(Action.PRODUCTS_EDIT)
    form = LogoForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Invalid(_("Choose a picture that is not empty."), field="logo")
    set_logo(actor=request.actor, product=product, image=form.image())
    messages.success(request, _("The logo is changed."))
    return redirect("portal:studio-settings", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product) -> HttpResponse:
    remove_logo(actor=request.actor, product=product)
    messages.success(request, _("The logo is removed."))
    return redirect("portal:studio-settings", request.actor.organization.slug, product.slug)
