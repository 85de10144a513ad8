"""The numbers behind the charts of usage as a file."""

import csv
from collections.abc import Sequence

from django.http import HttpResponse

from apps.portal.usage.ranges import DateRange
from apps.products.models import Product
from apps.usage.selectors import UsagePoint

_COLUMNS = ["from", "calls", "units", "client_errors", "server_errors", "p50_ms", "p95_ms", "p99_ms"]


def usage_csv_file(points: Sequence[UsagePoint], span: DateRange, product: Product) -> HttpResponse:
    """A line for each hour or day (UTC) of the range."""
    name = f"usage-{product.slug}-{span.first}-{span.last}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(_COLUMNS)
    for point in points:
        one = point.stats
        numbers = [one.calls, one.units, one.client_errors, one.server_errors]
        latencies = ["" if value is None else round(value, 1) for value in (one.p50, one.p95, one.p99)]
        writer.writerow([point.at.isoformat(), *numbers, *latencies])
    return response
