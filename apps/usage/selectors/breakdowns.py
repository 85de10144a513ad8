"""Usage over time and by what made it, from the hourly rollups.

`start` and `end` are cut to whole hours, down and up; spans are half-open, UTC.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDay

from apps.keys.models import ApiKey
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.usage.metering import LATENCY_COUNTS, latency_percentile
from apps.usage.models import Rejection, UsageRollup
from apps.usage.selectors.scope import Scope
from apps.usage.sums import floor_hour

_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_SUMS = {name: Sum(name, default=0) for name in UsageRollup.COUNTERS}
_LATENCIES = {f"latency_{index}": Sum(f"latency_counts__{index}", default=0) for index in range(LATENCY_COUNTS)}


@dataclass(frozen=True, slots=True)
class UsageStats:
    """Calls that were forwarded. Latencies are those of the backend, in milliseconds; None without calls."""

    calls: int = 0
    units: int = 0
    client_errors: int = 0
    server_errors: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None

    @property
    def errors(self) -> int:
        return self.client_errors + self.server_errors

    @property
    def error_share(self) -> float:
        """From 0 to 1."""
        return self.errors / self.calls if self.calls else 0.0

    @property
    def error_percent(self) -> float:
        return 100 * self.error_share


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """The calls of the hour or day that begins at `at`."""

    at: dt.datetime
    stats: UsageStats


@dataclass(frozen=True, slots=True)
class EndpointUsage:
    endpoint: Endpoint | None  # None: it was removed since
    stats: UsageStats


@dataclass(frozen=True, slots=True)
class KeyUsage:
    api_key: ApiKey | None  # None: it was removed since
    stats: UsageStats


@dataclass(frozen=True, slots=True)
class ConsumerUsage:
    subscription: Subscription | None  # None: it was removed since
    stats: UsageStats


def get_usage(scope: Scope, start: dt.datetime, end: dt.datetime) -> UsageStats:
    """Everything in the span together."""
    return _stats(_rollups(scope, start, end).aggregate(**_SUMS, **_LATENCIES))


def has_calls(scope: Scope) -> bool:
    """Whether any call was ever forwarded."""
    return scope.restrict(UsageRollup.objects.all()).exists()


def usage_by_hour(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[UsagePoint]:
    """A point for every hour of the span, also those without calls."""
    rows = _rollups(scope, start, end).values("hour").annotate(**_SUMS, **_LATENCIES)
    return _series({row["hour"]: _stats(row) for row in rows}, floor_hour(start), end, _HOUR)


def usage_by_day(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[UsagePoint]:
    """A point for every day (UTC) of the span, also those without calls."""
    days = _rollups(scope, start, end).annotate(day=TruncDay("hour", tzinfo=dt.UTC))
    rows = days.values("day").annotate(**_SUMS, **_LATENCIES)
    return _series({row["day"]: _stats(row) for row in rows}, floor_hour(start).replace(hour=0), end, _DAY)


def usage_by_endpoint(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[EndpointUsage]:
    """The endpoints that were called, most calls first."""
    found = _grouped(scope, start, end, "endpoint_id", Endpoint.objects.select_related("product").in_bulk)
    return [EndpointUsage(endpoint, stats) for endpoint, stats in found]


def usage_by_key(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[KeyUsage]:
    """The keys that were used, most calls first."""
    found = _grouped(scope, start, end, "api_key_id", ApiKey.objects.defer("digest").in_bulk)
    return [KeyUsage(api_key, stats) for api_key, stats in found]


def rejections_by_code(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[tuple[str, int]]:
    """How many calls the gateway refused for which reason, the most frequent first."""
    rejections = scope.restrict(Rejection.objects.filter(occurred_at__gte=start, occurred_at__lt=end))
    rows = rejections.values("code").annotate(calls=Sum("weight")).order_by("-calls", "code")
    return [(row["code"], row["calls"]) for row in rows]


def count_consumers(scope: Scope, start: dt.datetime, end: dt.datetime) -> int:
    """How many subscriptions made calls."""
    return int(_rollups(scope, start, end).aggregate(count=Count("subscription_id", distinct=True))["count"])


def usage_by_consumer(
    scope: Scope, start: dt.datetime, end: dt.datetime, *, limit: int | None = None
) -> list[ConsumerUsage]:
    """The subscriptions that made calls, most calls first; the first `limit` of them."""
    subscriptions = Subscription.objects.select_related("organization", "plan", "product")
    found = _grouped(scope, start, end, "subscription_id", subscriptions.in_bulk, limit)
    return [ConsumerUsage(subscription, stats) for subscription, stats in found]


def usage_by_subscription(scope: Scope, start: dt.datetime, end: dt.datetime) -> dict[int, UsageStats]:
    """The usage of each subscription that made calls, by its primary key."""
    rows = _rollups(scope, start, end).order_by().values("subscription_id").annotate(**_SUMS, **_LATENCIES)
    return {row["subscription_id"]: _stats(row) for row in rows}


def calls_by_product(products: Iterable[Product], start: dt.datetime, end: dt.datetime) -> dict[int, int]:
    """How many calls each of these products that was called had, by the product's primary key."""
    rollups = UsageRollup.objects.filter(product__in=products, hour__gte=floor_hour(start), hour__lt=end)
    return dict(rollups.order_by().values_list("product").annotate(Sum("calls")))


def _rollups(scope: Scope, start: dt.datetime, end: dt.datetime) -> QuerySet[UsageRollup]:
    return scope.restrict(UsageRollup.objects.filter(hour__gte=floor_hour(start), hour__lt=end))


def _grouped(
    scope: Scope,
    start: dt.datetime,
    end: dt.datetime,
    column: str,
    fetch: Callable[[Iterable[int]], dict[int, Any]],
    limit: int | None = None,
) -> list[tuple[Any, UsageStats]]:
    rollups = _rollups(scope, start, end)
    if limit is not None:
        # The ranking alone is cheap; the other sums are made of those that are shown.
        ranking = rollups.values(column).annotate(calls=_SUMS["calls"]).order_by("-calls", column)
        rollups = rollups.filter(**{f"{column}__in": [row[column] for row in ranking[:limit]]})
    rows = list(rollups.values(column).annotate(**_SUMS, **_LATENCIES).order_by("-calls", column))
    objects = fetch([row[column] for row in rows])
    return [(objects.get(row[column]), _stats(row)) for row in rows]


def _series(
    found: Mapping[dt.datetime, UsageStats], start: dt.datetime, end: dt.datetime, step: dt.timedelta
) -> list[UsagePoint]:
    points = []
    while start < end:
        points.append(UsagePoint(start, found.get(start, UsageStats())))
        start += step
    return points


def _stats(row: Mapping[str, Any]) -> UsageStats:
    counts = [row[name] for name in _LATENCIES]
    return UsageStats(
        **{name: row[name] for name in _SUMS},
        p50=latency_percentile(counts, 0.50),
        p95=latency_percentile(counts, 0.95),
        p99=latency_percentile(counts, 0.99),
    )
