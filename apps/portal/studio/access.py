"""How a page of a product gets its product: the only way into `/o/<organization>/studio/<product>/…`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponseBase

from apps.portal.access import PortalRequest, organization_page
from apps.products.models import Product
from apps.products.selectors import get_product

P = ParamSpec("P")


def product_page(
    view: Callable[Concatenate[PortalRequest, Product, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Require membership of the product's organization; the view gets the product in place of its address."""

    @wraps(view)
    def page(request: PortalRequest, /, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, get_product(request.actor, slug=slug), *args, **kwargs)

    return organization_page(page)
