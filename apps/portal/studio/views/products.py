"""The products of the organization, and a new one."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.permissions import Action
from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.rendering import render_page
from apps.portal.studio.forms.products import ProductForm
from apps.portal.usage.ranges import read_range
from apps.products.models import Product
from apps.products.selectors import count_endpoints, list_products
from apps.products.services import create_product
from apps.subscriptions.selectors import count_live_subscriptions
from apps.usage.selectors import calls_by_product

PAGE_SIZE = 50


@dataclass(frozen=True)
class ProductRow:
    product: Product
    endpoints: int
    subscribers: int
    calls: int  # in the last 30 days


@require_safe
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    page = Paginator(list_products(request.actor), PAGE_SIZE).get_page(request.GET.get("page"))
    products = list(page.object_list)
    span = read_range({}, clock.now())
    endpoints, subscribers = count_endpoints(products), count_live_subscriptions(products)
    calls = calls_by_product(products, span.start, span.end)
    context = {
        "page": page,
        "rows": [
            ProductRow(
                product,
                endpoints=endpoints.get(product.pk, 0),
                subscribers=subscribers.get(product.pk, 0),
                calls=calls.get(product.pk, 0),
            )
            for product in products
        ],
    }
    return render(request, "studio/products.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def create(request: PortalRequest) -> HttpResponse:
    """A draft; its overview then says what it lacks. The address is suggested while the name is typed."""
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    typed = {name: request.GET.get(name, "") for name in ("name", "slug")}
    form = ProductForm(request.POST if request.method == "POST" else None, initial=typed)
    if form.is_valid():
        product = carried_out(form, lambda: create_product(actor=actor, **form.cleaned_data))
        if product is not None:
            messages.success(request, _("Created %(name)s.") % {"name": product.name})
            return redirect("portal:studio-product", actor.organization.slug, product.slug)
    context = {"form": form, "gateway_url": settings.GATEWAY_URL}
    return render_page(
        request, "studio/product_new.html", context, fragment="slug-field", status=422 if form.errors else 200
    )
