"""Usage over time and by what made it, from the rollups.

`start` and `end` are cut to whole hours, down and up; spans are half-open, UTC.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from apps.keys.models import ApiKey
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.usage.metering import latency_percentile
from apps.usage.models import Rejection, UsageRollup
from apps.usage.selectors.rollups import CALLS, LATENCIES, sum_rollups
from apps.usage.selectors.scope import Scope
from apps.usage.sums import floor_day, floor_hour

_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)


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


@dataclass(frozen=True, slots=True)
class ConsumerRanking:
    """The subscriptions with the most calls, most first, and how many there are in all."""

    shown: list[ConsumerUsage]
    total: int


def get_usage(scope: Scope, start: dt.datetime, end: dt.datetime) -> UsageStats:
    """Everything in the span together."""
    return _stats(sum_rollups(scope, start, end)[()])


def has_calls(scope: Scope) -> bool:
    """Whether any call was ever forwarded."""
    return scope.restrict(UsageRollup.objects.all()).exists()


def usage_by_hour(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[UsagePoint]:
    """A point for every hour of the span, also those without calls."""
    return _series(sum_rollups(scope, start, end, "hour"), floor_hour(start), end, _HOUR)


def usage_by_day(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[UsagePoint]:
    """A point for every day (UTC) of the span, also those without calls."""
    return _series(sum_rollups(scope, start, end, "day"), floor_day(start), end, _DAY)


def usage_by_endpoint(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[EndpointUsage]:
    """The endpoints that were called, most calls first."""
    ranking = _ranked(sum_rollups(scope, start, end, "endpoint_id"))
    # Without what is long: there may be thousands.
    endpoints = Endpoint.objects.select_related("product").defer("operation", "product__description")
    found = endpoints.in_bulk([number for number, _stats in ranking])
    return [EndpointUsage(found.get(number), stats) for number, stats in ranking]


def usage_by_key(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[KeyUsage]:
    """The keys that were used, most calls first."""
    ranking = _ranked(sum_rollups(scope, start, end, "api_key_id"))
    keys = ApiKey.objects.defer("digest").in_bulk([number for number, _stats in ranking])
    return [KeyUsage(keys.get(number), stats) for number, stats in ranking]


def rejections_by_code(scope: Scope, start: dt.datetime, end: dt.datetime) -> list[tuple[str, int]]:
    """How many calls the gateway refused for which reason, the most frequent first."""
    rejections = scope.restrict(Rejection.objects.filter(occurred_at__gte=start, occurred_at__lt=end))
    rows = rejections.values("code").annotate(calls=Sum("weight")).order_by("-calls", "code")
    return [(row["code"], row["calls"]) for row in rows]


def rank_consumers(scope: Scope, start: dt.datetime, end: dt.datetime, *, limit: int) -> ConsumerRanking:
    """The first `limit` of the subscriptions that made calls."""
    # The ranking alone is cheap; the other sums are made of those that are shown.
    column = "subscription_id"
    calls = sum_rollups(scope, start, end, column, sums=CALLS)
    first = sorted(calls, key=lambda key: (-calls[key]["calls"], key))[:limit]
    numbers = [number for (number,) in first]
    ranking = _ranked(sum_rollups(scope, start, end, column, among={column: numbers}))
    subscriptions = Subscription.objects.select_related("organization", "plan", "product").in_bulk(numbers)
    return ConsumerRanking(
        [ConsumerUsage(subscriptions.get(number), stats) for number, stats in ranking], total=len(calls)
    )


def usage_by_subscription(scope: Scope, start: dt.datetime, end: dt.datetime) -> dict[int, UsageStats]:
    """The usage of each subscription that made calls, by its primary key."""
    return {number: _stats(row) for (number,), row in sum_rollups(scope, start, end, "subscription_id").items()}


def calls_by_product(products: Iterable[Product], start: dt.datetime, end: dt.datetime) -> dict[int, int]:
    """How many calls each of these products that was called had, by the product's primary key."""
    found = sum_rollups(Scope.of_products(products), start, end, "product_id", sums=CALLS)
    return {number: row["calls"] for (number,), row in found.items()}


def _ranked(found: Mapping[tuple[Any, ...], Mapping[str, int]]) -> list[tuple[int, UsageStats]]:
    """Most calls first, else in the order of the ids."""
    order = sorted(found, key=lambda key: (-found[key]["calls"], key))
    return [(key[0], _stats(found[key])) for key in order]


def _series(
    found: Mapping[tuple[Any, ...], Mapping[str, int]], start: dt.datetime, end: dt.datetime, step: dt.timedelta
) -> list[UsagePoint]:
    points = []
    while start < end:
        row = found.get((start,))
        points.append(UsagePoint(start, _stats(row) if row else UsageStats()))
        start += step
    return points


def _stats(row: Mapping[str, int]) -> UsageStats:
    counts = [row[name] for name in LATENCIES]
    return UsageStats(
        **{name: row[name] for name in UsageRollup.COUNTERS},
        p50=latency_percentile(counts, 0.50),
        p95=latency_percentile(counts, 0.95),
        p99=latency_percentile(counts, 0.99),
    )
