"""The usage of a product: calls, errors and latency over time, by endpoint and by consumer."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.portal.access import PortalRequest
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.filters import read_product_filters
from apps.portal.usage.charts import points_of
from apps.portal.usage.context import usage_context
from apps.portal.usage.export import usage_csv_file
from apps.portal.usage.ranges import PRESET_CHOICES
from apps.products.models import Product
from apps.usage import selectors
from apps.usage.selectors import Scope

# The most called of each; the rest is named by its number.
ROWS_SHOWN = 50


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    chosen = read_product_filters(request, product)
    scope, span = chosen.scope, chosen.filters.span
    consumers = selectors.rank_consumers(scope, span.start, span.end, limit=ROWS_SHOWN)
    context = usage_context(
        scope, span, clock.now(), endpoints_shown=ROWS_SHOWN, csv_url=_csv_url(request, product)
    ) | {
        "product": product,
        "chosen": chosen,
        "filters": chosen.filters,
        "presets": PRESET_CHOICES,
        "consumers": consumers.shown,
        "more_consumers": consumers.total - len(consumers.shown),
        "has_calls": selectors.has_calls(Scope.of_product(product)),
    }
    return render_page(request, "studio/usage.html", context, fragment="usage")


@require_safe
@product_page
def csv_file(request: PortalRequest, product: Product) -> HttpResponse:
    """The numbers behind the charts, narrowed in the same way."""
    chosen = read_product_filters(request, product)
    return usage_csv_file(points_of(chosen.scope, chosen.filters.span), chosen.filters.span, product)


def _csv_url(request: PortalRequest, product: Product) -> str:
    url = reverse("portal:studio-usage-csv", args=[request.actor.organization.slug, product.slug])
    return f"{url}?{request.GET.urlencode()}" if request.GET else url
