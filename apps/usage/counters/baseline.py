"""What Postgres knows of a shard in one snapshot: the ground that counters are rebuilt on. Uses the ORM."""

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Mod

from apps.plans.periods import period_at
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.counters.keys import quota_counter
from apps.usage.counters.types import SHARDS
from apps.usage.models import StaleCounter, StreamPosition, UsageEvent
from apps.usage.sums import UsageSpan, sum_units


@dataclass(frozen=True, slots=True)
class Baseline:
    """`counters` holds every quota of the live subscriptions, also those that stand at zero.

    `stored_calls` are those of the calls asked for that have an event.
    """

    generation: str
    stream_id: str
    complete_until: dt.datetime | None
    counters: dict[str, int]
    stored_calls: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class StaleBaseline:
    """The counters that are to be counted anew, and the requests for it that this answers."""

    requests: list[int]
    baseline: Baseline


def read_baseline(shard: int, now: dt.datetime, calls: Collection[UUID]) -> Baseline:
    """The shard's stored position, and the units of each running quota period up to exactly there."""
    with _snapshot():
        stored = UsageEvent.objects.filter(pk__in=calls).values_list("pk", flat=True)
        return replace(_read(shard, now, None), stored_calls=tuple(stored))


def read_stale_baseline(shard: int, now: dt.datetime) -> StaleBaseline | None:
    """The same for the subscriptions whose counters the meter found to be wrong; None when there are none."""
    with _snapshot():
        requests = list(StaleCounter.objects.filter(shard=shard).values_list("id", "subscription_id"))
        if not requests:
            return None
        subscriptions = {subscription for _, subscription in requests}
        # A request without a subscription means all of the shard.
        named = None if None in subscriptions else {number for number in subscriptions if number is not None}
        return StaleBaseline([number for number, _ in requests], _read(shard, now, named))


@contextmanager
def _snapshot() -> Iterator[None]:
    """A transaction that sees one state of the database throughout."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _read(shard: int, now: dt.datetime, subscriptions: Collection[int] | None) -> Baseline:
    position = StreamPosition.objects.filter(shard=shard).first() or StreamPosition(shard=shard)
    # No call gets an earlier time than what was called complete, so its period is the one that counts.
    now = max(now, position.complete_until or now)
    names, spans = [], []
    for subscription_id, epoch, anchored_at, period, anchor in _quotas(shard, subscriptions):
        start, end = period_at(period, anchor, anchored_at, now)
        names.append(quota_counter(subscription_id, epoch, start, end))
        spans.append(UsageSpan(subscription_id, epoch, start, end))
    return Baseline(
        generation=position.generation,
        stream_id=position.stream_id,
        complete_until=position.complete_until,
        counters=dict(zip(names, sum_units(spans), strict=True)),
    )


def _quotas(shard: int, subscriptions: Collection[int] | None) -> list[tuple[int, int, dt.datetime, str, str]]:
    """Subscription, epoch, where its periods are counted from, period and anchor of every running quota."""
    live = Subscription.objects.filter(status__in=SubscriptionStatus.begun(), plan__quotas__isnull=False)
    if subscriptions is not None:
        live = live.filter(pk__in=subscriptions)
    return list(
        live.annotate(shard=Mod(F("pk"), SHARDS))
        .filter(shard=shard)
        .values_list(
            "pk",
            "quota_epoch",
            "anchored_at",
            "plan__quotas__period",
            "plan__quotas__anchor",
        )
    )
