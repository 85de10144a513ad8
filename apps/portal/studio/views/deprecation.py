"""Marking an endpoint as deprecated; the form stands on its page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import EndpointDeprecationForm
from apps.products.models import Endpoint, Product
from apps.products.selectors import get_endpoint
from apps.products.services import deprecate_endpoint, undeprecate_endpoint


@require_POST
@product_page
def deprecate(request: PortalRequest, product: Product, endpoint_id: str) -> HttpResponse:
    endpoint = get_endpoint(product, public_id=endpoint_id)
    form = EndpointDeprecationForm(request.POST, initial=EndpointDeprecationForm.initial_of(endpoint))
    if not form.is_valid():
        raise Invalid(_("Give dates such as 2027-05-01, and a note of 500 characters at most."))
    deprecate_endpoint(actor=request.actor, endpoint=endpoint, **form.values())
    messages.success(request, _("%(endpoint)s is marked as deprecated.") % {"endpoint": endpoint})
    return _back(request, product, endpoint)


@require_POST
@product_page
def undeprecate(request: PortalRequest, product: Product, endpoint_id: str) -> HttpResponse:
    endpoint = get_endpoint(product, public_id=endpoint_id)
    undeprecate_endpoint(actor=request.actor, endpoint=endpoint)
    messages.success(request, _("%(endpoint)s is not deprecated any more.") % {"endpoint": endpoint})
    return _back(request, product, endpoint)


def _back(request: PortalRequest, product: Product, endpoint: Endpoint) -> HttpResponse:
    return redirect("portal:studio-endpoint", request.actor.organization.slug, product.slug, endpoint.public_id)
