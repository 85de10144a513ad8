"""Sums of rollups over any span: whole days from daily ones, where these know enough, the rest from the hourly ones.

Spans are half-open, UTC, and cut to whole hours, down and up.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDay

from apps.usage.metering import LATENCY_COUNTS
from apps.usage.models import EndpointDay, Rollup, SubscriptionDay, SubscriptionEndpointDay, UsageRollup
from apps.usage.selectors.scope import Scope
from apps.usage.sums import ceil_day, floor_day, floor_hour

CALLS = ("calls",)
LATENCIES = tuple(f"latency_{index}" for index in range(LATENCY_COUNTS))
EVERYTHING = (*Rollup.COUNTERS, *LATENCIES)

_SUMS = {name: Sum(name, default=0) for name in Rollup.COUNTERS} | {
    name: Sum(f"latency_counts__{index}", default=0) for index, name in enumerate(LATENCIES)
}
# The fewest rows first.
_DAILY: tuple[type[EndpointDay] | type[SubscriptionDay] | type[SubscriptionEndpointDay], ...] = (
    EndpointDay,
    SubscriptionDay,
    SubscriptionEndpointDay,
)


def sum_rollups(
    scope: Scope,
    start: dt.datetime,
    end: dt.datetime,
    *columns: str,
    sums: Collection[str] = EVERYTHING,
    among: Mapping[str, Collection[int]] | None = None,
) -> dict[tuple[Any, ...], dict[str, int]]:
    """The sums of each combination of the columns that has calls; of everything together without columns.

    Columns are ids, and `hour` or `day`. `among` narrows the scope to rows with one of these values in a column.
    """
    filters = scope.filters | {f"{column}__in": values for column, values in (among or {}).items()}
    measures = {name: _SUMS[name] for name in sums}
    found: dict[tuple[Any, ...], dict[str, int]] = {}
    for part in _parts(start, end, {*scope.columns, *columns, *(among or {})}):
        rows = part.filter(**filters)
        grouped = rows.order_by().values(*columns).annotate(**measures) if columns else [rows.aggregate(**measures)]
        for row in grouped:
            key, values = tuple(row[column] for column in columns), {name: row[name] for name in sums}
            known = found.get(key)
            found[key] = values if known is None else {name: known[name] + values[name] for name in sums}
    return found


def _parts(start: dt.datetime, end: dt.datetime, columns: Collection[str]) -> Iterator[QuerySet[Any]]:
    """Rollups that have these columns, each call of the span in exactly one."""
    start = floor_hour(start)
    first, last = ceil_day(start), floor_day(end)
    daily = next((model for model in _DAILY if {*model.IDENTITY, "product_id"}.issuperset(columns)), None)
    if daily is None or first >= last:
        yield _hours(start, end)
        return
    if start < first:
        yield _hours(start, first)
    yield daily.objects.filter(day__gte=first, day__lt=last)
    if last < end:
        yield _hours(last, end)


def _hours(start: dt.datetime, end: dt.datetime) -> QuerySet[Any]:
    return UsageRollup.objects.filter(hour__gte=start, hour__lt=end).annotate(day=TruncDay("hour", tzinfo=dt.UTC))
