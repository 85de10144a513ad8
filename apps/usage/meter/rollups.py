"""Adding stored events to the rollups of their hours and days."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

from apps.usage.counters.records import EventRecord
from apps.usage.metering import LATENCY_COUNTS, latency_index
from apps.usage.models import EndpointDay, Rollup, SubscriptionDay, SubscriptionEndpointDay, UsageRollup
from apps.usage.sums import floor_day, floor_hour

_TYPES = {"hour": "timestamptz", "day": "timestamptz", "quota_epoch": "int"}


class _Hour(NamedTuple):
    """What an hourly rollup is of."""

    subscription_id: int
    hour: dt.datetime
    endpoint_id: int
    api_key_id: int
    quota_epoch: int
    product_id: int

    @property
    def day(self) -> dt.datetime:
        return floor_day(self.hour)


@dataclass(slots=True)
class _Totals:
    calls: int = 0
    units: int = 0
    client_errors: int = 0
    server_errors: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    latency_counts: list[int] = field(default_factory=lambda: [0] * LATENCY_COUNTS)

    def count(self, event: EventRecord) -> None:
        self.calls += 1
        self.units += event.units
        self.client_errors += 400 <= event.status < 500
        self.server_errors += event.status >= 500
        self.request_bytes += event.request_bytes
        self.response_bytes += event.response_bytes
        self.latency_counts[latency_index(event.origin_us / 1000)] += 1

    def add(self, other: "_Totals") -> None:
        for name in Rollup.COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency_counts = [sum(pair) for pair in zip(self.latency_counts, other.latency_counts, strict=True)]


def add_to_rollups(events: Iterable[EventRecord]) -> None:
    """Count the events in; in the transaction that stores them, for new ones only, and as its last large step.

    The endpoints' days are what several meters write to at once: they come last, so that these wait for each other
    as shortly as can be.
    """
    hours: dict[_Hour, _Totals] = {}
    for event in events:
        hour = _Hour(
            event.subscription_id,
            floor_hour(event.occurred_at),
            event.endpoint_id,
            event.api_key_id,
            event.quota_epoch,
            event.product_id,
        )
        hours.setdefault(hour, _Totals()).count(event)
    if hours:
        for model in _UPSERTS:
            _add(model, hours)


def _add(model: type[Rollup], hours: Mapping[_Hour, _Totals]) -> None:
    """Add the calls of these hours to the rows of the model that they belong to."""
    rollups: dict[tuple[Any, ...], _Totals] = {}
    for hour, totals in hours.items():
        key = tuple(getattr(hour, column) for column in (*model.IDENTITY, "product_id"))
        rollups.setdefault(key, _Totals()).add(totals)
    # In one order everywhere, so that two meters cannot lock each other out.
    rows = [
        (
            *key,
            *(getattr(totals, name) for name in Rollup.COUNTERS),
            "{" + ",".join(map(str, totals.latency_counts)) + "}",
        )
        for key, totals in sorted(rollups.items(), key=lambda item: item[0])
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERTS[model], [list(column) for column in zip(*rows, strict=True)])


def _upsert(table: str, model: type[Rollup]) -> str:
    identity = ", ".join(model.IDENTITY)
    names = (*model.IDENTITY, "product_id", *Rollup.COUNTERS)
    columns = ", ".join(names)
    # The arrays travel as text: an array of arrays of one length would be taken apart by unnest.
    return f"""
    INSERT INTO {table} ({columns}, latency_counts)
    SELECT {columns}, latency_counts::bigint[]
    FROM unnest({", ".join(f"%s::{_TYPES.get(name, 'bigint')}[]" for name in names)}, %s::text[])
        AS new({columns}, latency_counts)
    ON CONFLICT ({identity}) DO UPDATE SET
        {", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in Rollup.COUNTERS)},
        latency_counts = ARRAY(
            SELECT coalesce(old, 0) + coalesce(new, 0)
            FROM unnest({table}.latency_counts, excluded.latency_counts)
                WITH ORDINALITY AS pair(old, new, position)
            ORDER BY position
        )
    """  # noqa: S608 - constants


# In the order in which they are written.
_UPSERTS: dict[type[Rollup], str] = {
    UsageRollup: _upsert("usage_usagerollup", UsageRollup),
    SubscriptionDay: _upsert("usage_subscriptionday", SubscriptionDay),
    SubscriptionEndpointDay: _upsert("usage_subscriptionendpointday", SubscriptionEndpointDay),
    EndpointDay: _upsert("usage_endpointday", EndpointDay),
}
