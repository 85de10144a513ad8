"""Adding stored events to the rollups of their hours."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from apps.usage.counters.records import EventRecord
from apps.usage.metering import LATENCY_COUNTS, latency_index
from apps.usage.models import UsageRollup
from apps.usage.sums import floor_hour

_COLUMNS = ", ".join(
    ("subscription_id", "hour", "endpoint_id", "api_key_id", "quota_epoch", "product_id", *UsageRollup.COUNTERS)
)
# The arrays travel as text: an array of arrays of one length would be taken apart by unnest.
_SQL = f"""
INSERT INTO usage_usagerollup ({_COLUMNS}, latency_counts)
SELECT {_COLUMNS}, latency_counts::bigint[]
FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[],
    {"%s::bigint[], " * len(UsageRollup.COUNTERS)} %s::text[]
) AS new({_COLUMNS}, latency_counts)
ON CONFLICT (subscription_id, hour, endpoint_id, api_key_id, quota_epoch) DO UPDATE SET
    {", ".join(f"{name} = usage_usagerollup.{name} + excluded.{name}" for name in UsageRollup.COUNTERS)},
    latency_counts = ARRAY(
        SELECT coalesce(old, 0) + coalesce(new, 0)
        FROM unnest(usage_usagerollup.latency_counts, excluded.latency_counts)
            WITH ORDINALITY AS pair(old, new, position)
        ORDER BY position
    )
"""  # noqa: S608 - constants

_Key = tuple[int, dt.datetime, int, int, int, int]


@dataclass(slots=True)
class _Totals:
    calls: int = 0
    units: int = 0
    client_errors: int = 0
    server_errors: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    latency_counts: list[int] = field(default_factory=lambda: [0] * LATENCY_COUNTS)

    def add(self, event: EventRecord) -> None:
        self.calls += 1
        self.units += event.units
        self.client_errors += 400 <= event.status < 500
        self.server_errors += event.status >= 500
        self.request_bytes += event.request_bytes
        self.response_bytes += event.response_bytes
        self.latency_counts[latency_index(event.origin_us / 1000)] += 1


def add_to_rollups(events: Iterable[EventRecord]) -> None:
    """Count the events in; in the transaction that stores them, and for new ones only."""
    rollups: dict[_Key, _Totals] = {}
    for event in events:
        key = (
            event.subscription_id,
            floor_hour(event.occurred_at),
            event.endpoint_id,
            event.api_key_id,
            event.quota_epoch,
            event.product_id,
        )
        rollups.setdefault(key, _Totals()).add(event)
    if not rollups:
        return
    # In one order everywhere, so that two meters cannot lock each other out.
    rows = [
        (
            *key,
            *(getattr(totals, name) for name in UsageRollup.COUNTERS),
            "{" + ",".join(map(str, totals.latency_counts)) + "}",
        )
        for key, totals in sorted(rollups.items(), key=lambda item: item[0])
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [list(column) for column in zip(*rows, strict=True)])
