"""The endpoints of a product: the list, and the form of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.endpoints import EndpointForm
from apps.products.models import Product
from apps.products.selectors import get_endpoint, list_endpoints
from apps.products.services import add_endpoint, remove_endpoint, update_endpoint


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    context = {"product": product, "endpoints": list_endpoints(product)}
    return render(request, "studio/endpoints.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def create(request: PortalRequest, product: Product) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = EndpointForm(request.POST if request.method == "POST" else None, product=product)
    if form.is_valid():
        endpoint = carried_out(form, lambda: add_endpoint(actor=actor, product=product, **form.values()))
        if endpoint is not None:
            messages.success(request, _("Added %(endpoint)s.") % {"endpoint": endpoint})
            again = "another" in request.POST
            name = "portal:studio-endpoint-new" if again else "portal:studio-endpoints"
            return redirect(name, actor.organization.slug, product.slug)
    context = {"product": product, "form": form}
    return render(request, "studio/endpoint.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def edit(request: PortalRequest, product: Product, endpoint_id: str) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    endpoint = get_endpoint(product, public_id=endpoint_id)
    form = EndpointForm(
        request.POST if request.method == "POST" else None,
        product=product,
        initial=EndpointForm.initial_of(endpoint),
    )
    if form.is_valid():
        changed = carried_out(form, lambda: update_endpoint(actor=actor, endpoint=endpoint, **form.values()))
        if changed is not None:
            messages.success(request, _("Changed %(endpoint)s.") % {"endpoint": changed})
            return redirect("portal:studio-endpoints", actor.organization.slug, product.slug)
    context = {"product": product, "endpoint": endpoint, "form": form}
    return render(request, "studio/endpoint.html", context, status=422 if form.errors else 200)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, endpoint_id: str) -> HttpResponse:
    endpoint = get_endpoint(product, public_id=endpoint_id)
    remove_endpoint(actor=request.actor, endpoint=endpoint)
    messages.success(request, _("Removed %(endpoint)s.") % {"endpoint": endpoint})
    return redirect("portal:studio-endpoints", request.actor.organization.slug, product.slug)
