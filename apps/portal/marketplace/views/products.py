"""The marketplace's list of products."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from apps.plans.selectors import Cheapest, cheapest_plans
from apps.portal.marketplace.browsing import PRICES, read_browsing
from apps.portal.paging import CappedPaginator
from apps.portal.rendering import render_page
from apps.products.models import Product
from apps.products.selectors import count_endpoints, list_categories

PRODUCTS_PER_PAGE = 20


@dataclass(frozen=True)
class Listing:
    product: Product
    cheapest: Cheapest | None
    endpoints: int


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    categories = list(list_categories())
    browsing = read_browsing(request, categories)
    page = CappedPaginator(browsing.products(), PRODUCTS_PER_PAGE).get_page(request.GET.get("page"))
    products = [product for product in page.object_list if isinstance(product, Product)]
    plans, endpoints = cheapest_plans(products), count_endpoints(products)
    context = {
        "browsing": browsing,
        "search": browsing.search,
        "categories": categories,
        "prices": PRICES.items(),
        "sorts": browsing.sorts.items(),
        "chips": browsing.chips(),
        "page": page,
        "listings": [Listing(p, plans.get(p.pk), endpoints.get(p.pk, 0)) for p in products],
    }
    return render_page(request, "marketplace/product_list.html", context, fragment="results")
