"""The reads of usage that the console's pages are made of."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Q, QuerySet, Sum

from apps.plans.models import Quota
from apps.plans.periods import period_at
from apps.subscriptions.models import Subscription
from apps.usage.metering import LATENCY_COUNTS, latency_percentile
from apps.usage.models import Rejection, UsageEvent, UsageRollup
from apps.usage.sums import UsageSpan, sum_units


@dataclass
class Totals:
    calls: int = 0
    units: int = 0
    client_errors: int = 0
    server_errors: int = 0
    latency_counts: list[int] = field(default_factory=lambda: [0] * LATENCY_COUNTS)

    def add(self, row: UsageRollup) -> None:
        self.calls += row.calls
        self.units += row.units
        self.client_errors += row.client_errors
        self.server_errors += row.server_errors
        for index, count in enumerate(row.latency_counts):
            self.latency_counts[index] += count

    @property
    def errors(self) -> int:
        return self.client_errors + self.server_errors

    def percentile(self, fraction: float) -> float | None:
        return latency_percentile(self.latency_counts, fraction)


@dataclass(frozen=True)
class QuotaUse:
    quota: Quota
    used: int
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def included(self) -> int:
        return self.quota.included_units


def quota_use(subscriptions: Sequence[Subscription], now: dt.datetime) -> dict[int, list[QuotaUse]]:
    spans, found = [], []
    for s in subscriptions:
        for q in s.plan.quotas.all():
            start, end = period_at(q.period, q.anchor, s.started_at, now)
            spans.append(UsageSpan(s.pk, s.quota_epoch, start, end))
            found.append((s, q, start, end))
    result: dict[int, list[QuotaUse]] = defaultdict(list)
    for (s, q, start, end), used in zip(found, sum_units(spans), strict=True):
        result[s.pk].append(QuotaUse(q, used, start, end))
    return result


def rollups(subscriptions: Iterable[int], start: dt.datetime, end: dt.datetime) -> QuerySet[UsageRollup]:
    return UsageRollup.objects.filter(subscription__in=subscriptions, hour__gte=start, hour__lt=end)
