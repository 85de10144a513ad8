"""The rows of quota periods: opened when a period begins, kept current, closed when it is complete.

A row belongs to the quota that the units of its period count against: where a plan takes over the count of another
within a period, its quota takes over the row.

A period is closed only once the shard's `complete_until` has passed its end: then no call of it is unread, or in
flight but for those open very long. What comes later all the same (see the README) is in the events, and no longer in
the row.
"""

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from apps.plans.periods import period_at
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.counters.types import shard_of
from apps.usage.models import QuotaPeriod, StreamPosition, UsageEvent, UsageRollup
from apps.usage.sums import UsageSpan, floor_hour, sum_units

_CHUNK = 500
# A running period is counted again while its subscription has made calls so recently: longer than the meter is away.
_RECENT = dt.timedelta(days=1)

_Key = tuple[int, str, str, int]  # subscription, period, anchor, epoch


def open_missing_periods(now: dt.datetime) -> None:
    """A row for the running period of every quota of a live subscription, and for those missed before it."""
    running = QuotaPeriod.objects.filter(
        subscription=OuterRef("pk"),
        quota=OuterRef("plan__quotas__pk"),
        quota_epoch=OuterRef("quota_epoch"),
        ends_at__gt=now,
    )
    missing = list(
        Subscription.objects.filter(
            ~Exists(running), status__in=SubscriptionStatus.begun(), plan__quotas__isnull=False
        ).values_list(
            "pk",
            "plan__quotas__pk",
            "quota_epoch",
            "anchored_at",
            "plan__quotas__period",
            "plan__quotas__anchor",
            "plan__quotas__included_units",
        )
    )
    begins = _first_instants([(row[0], row[4], row[5], row[2]) for row in missing])
    rows = []
    for subscription_id, quota_id, epoch, anchored_at, period, anchor, included in missing:
        key = subscription_id, period, anchor, epoch
        _take_over(key, quota_id, included, now)
        start, end = period_at(period, anchor, anchored_at, begins.get(key, now))
        while start <= now:
            rows.append(
                QuotaPeriod(
                    subscription_id=subscription_id,
                    quota_id=quota_id,
                    quota_epoch=epoch,
                    starts_at=start,
                    ends_at=end,
                    included_units=included,
                    used_units=0,
                )
            )
            start, end = period_at(period, anchor, anchored_at, end)
    QuotaPeriod.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)
    # What has just been opened may have been used before it was.
    _recount(QuotaPeriod.objects.filter(subscription__in={row.subscription_id for row in rows}, ends_at__gt=now))


def refresh_open_periods(now: dt.datetime) -> None:
    """Bring the running periods of subscriptions with recent calls up to date."""
    active = UsageRollup.objects.filter(hour__gte=floor_hour(now) - _RECENT).values("subscription")
    _recount(QuotaPeriod.objects.filter(subscription__in=active, ends_at__gt=now))


def close_ended_periods(now: dt.datetime) -> None:
    """Bring ended periods up to date, and close those that are complete."""
    # Read before anything is summed: what these say is complete is in the sums.
    complete = dict(StreamPosition.objects.values_list("shard", "complete_until"))

    def is_complete(row: QuotaPeriod) -> bool:
        until = complete.get(shard_of(row.subscription_id))
        return until is not None and row.ends_at <= until

    _recount(QuotaPeriod.objects.filter(ends_at__lte=now), lambda row: now if is_complete(row) else None)


def _first_instants(keys: Sequence[_Key]) -> dict[_Key, dt.datetime]:
    """Where the rows of such quotas go on: the end of the last one, else the first call of the epoch, if any."""
    subscriptions = {key[0] for key in keys}
    first_calls = {
        (subscription, epoch): first
        for subscription, epoch, first in UsageEvent.objects.filter(subscription__in=subscriptions)
        .values_list("subscription", "quota_epoch")
        .annotate(Min("occurred_at"))
    }
    last_ends = {
        (subscription, period, anchor, epoch): last
        for subscription, period, anchor, epoch, last in QuotaPeriod.objects.filter(subscription__in=subscriptions)
        .values_list("subscription", "quota__period", "quota__anchor", "quota_epoch")
        .annotate(Max("ends_at"))
    }
    found = {key: last_ends.get(key) or first_calls.get((key[0], key[3])) for key in keys}
    return {key: instant for key, instant in found.items() if instant is not None}


def _take_over(key: _Key, quota_id: int, included: int, now: dt.datetime) -> None:
    """Give the running row of another plan's quota to this one, whose count goes on in the same epoch."""
    subscription_id, period, anchor, epoch = key
    QuotaPeriod.objects.filter(
        subscription=subscription_id,
        quota__period=period,
        quota__anchor=anchor,
        quota_epoch=epoch,
        ends_at__gt=now,
        closed_at__isnull=True,
    ).update(quota=quota_id, included_units=included)


def _recount(rows: QuerySet[QuotaPeriod], closing: Callable[[QuotaPeriod], dt.datetime | None] | None = None) -> None:
    """Bring rows that are still open to their exact sums; `closing` says when one is closed now."""
    keys = list(rows.filter(closed_at__isnull=True).order_by("pk").values_list("pk", flat=True))
    for at in range(0, len(keys), _CHUNK):
        with transaction.atomic():
            chunk = list(
                QuotaPeriod.objects.select_for_update(skip_locked=True)
                .filter(pk__in=keys[at : at + _CHUNK], closed_at__isnull=True)
                .order_by("pk")
            )
            spans = [UsageSpan(row.subscription_id, row.quota_epoch, row.starts_at, row.ends_at) for row in chunk]
            changed = []
            for row, units in zip(chunk, sum_units(spans), strict=True):
                closed_at = closing(row) if closing else None
                if (units, closed_at) != (row.used_units, row.closed_at):
                    row.used_units, row.closed_at = units, closed_at
                    changed.append(row)
            QuotaPeriod.objects.bulk_update(changed, ["used_units", "closed_at"])
