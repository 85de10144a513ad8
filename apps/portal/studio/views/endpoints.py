"""The endpoints of a product: the list, and the form of one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.portal.access import PortalRequest
from apps.portal.formats import grouped
from apps.portal.forms import carried_out
from apps.portal.marketplace.documentation import gateway_url
from apps.portal.query import searched
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import EndpointDeprecationForm
from apps.portal.studio.forms.endpoints import EndpointForm
from apps.products.models import Endpoint, Product
from apps.products.selectors import choose_tier, get_endpoint, list_endpoints, search_endpoints
from apps.products.services import add_endpoint, move_endpoints, remove_endpoint, update_endpoint

PAGE_SIZE = 50


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    search = searched(request)
    found = Paginator(search_endpoints(product, search=search), PAGE_SIZE)
    context = {
        "product": product,
        "page": found.get_page(request.GET.get("page")),
        "page_size": PAGE_SIZE,
        "search": search,
        "total": list_endpoints(product).count(),
        "tiers": list(product.tiers.all()),
    }
    return render_page(request, "studio/endpoints.html", context, fragment="endpoints")


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
    return _form_page(request, product, form)


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
    return _form_page(request, product, form, endpoint)


@require_POST
@product_page
def move(request: PortalRequest, product: Product) -> HttpResponse:
    """Have the chosen endpoints, or with `every` all that the search of the list finds, require another tier."""
    endpoints = request.POST.getlist("endpoints")
    if "every" in request.POST:
        found = search_endpoints(product, search=searched(request))
        endpoints = list(found.values_list("public_id", flat=True))
    tier = choose_tier(product, slug=request.POST.get("tier", ""))
    moved = move_endpoints(actor=request.actor, product=product, endpoints=endpoints, tier=tier)
    text = ngettext("%(count)s endpoint requires %(tier)s now.", "%(count)s endpoints require %(tier)s now.", moved)
    messages.success(request, text % {"count": grouped(moved), "tier": tier.name})
    address = reverse("portal:studio-endpoints", args=[request.actor.organization.slug, product.slug])
    return redirect(f"{address}?{request.GET.urlencode()}" if request.GET else address)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, endpoint_id: str) -> HttpResponse:
    endpoint = get_endpoint(product, public_id=endpoint_id)
    remove_endpoint(actor=request.actor, endpoint=endpoint)
    messages.success(request, _("Removed %(endpoint)s.") % {"endpoint": endpoint})
    return redirect("portal:studio-endpoints", request.actor.organization.slug, product.slug)


def _form_page(
    request: PortalRequest, product: Product, form: EndpointForm, endpoint: Endpoint | None = None
) -> HttpResponse:
    initial = EndpointDeprecationForm.initial_of(endpoint) if endpoint else {}
    context = {
        "product": product,
        "endpoint": endpoint,
        "form": form,
        "gateway_url": gateway_url(product),
        "deprecation": EndpointDeprecationForm(initial=initial, auto_id="deprecation_%s"),
    }
    return render(request, "studio/endpoint.html", context, status=422 if form.errors else 200)
