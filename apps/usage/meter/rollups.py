"""Adding stored events to the rollups of their hours."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from apps.usage.counters.records import EventRecord
from apps.usage.metering import LATENCY_COUNTS, latency_index
from apps.usage.sums import floor_hour

# The arrays travel as text: an array of arrays of one length would be taken apart by unnest.
_SQL = """
INSERT INTO usage_usagerollup (
    subscription_id, hour, endpoint_id, api_key_id, quota_epoch, product_id,
    calls, units, client_errors, server_errors, request_bytes, response_bytes, latency_counts
)
SELECT subscription_id, hour, endpoint_id, api_key_id, quota_epoch, product_id,
    calls, units, client_errors, server_errors, request_bytes, response_bytes, latency_counts::bigint[]
FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]
) AS new(
    subscription_id, hour, endpoint_id, api_key_id, quota_epoch, product_id,
    calls, units, client_errors, server_errors, request_bytes, response_bytes, latency_counts
)
ON CONFLICT (subscription_id, hour, endpoint_id, api_key_id, quota_epoch) DO UPDATE SET
    calls = usage_usagerollup.calls + excluded.calls,
    units = usage_usagerollup.units + excluded.units,
    client_errors = usage_usagerollup.client_errors + excluded.client_errors,
    server_errors = usage_usagerollup.server_errors + excluded.server_errors,
    request_bytes = usage_usagerollup.request_bytes + excluded.request_bytes,
    response_bytes = usage_usagerollup.response_bytes + excluded.response_bytes,
    latency_counts = ARRAY(
        SELECT coalesce(old, 0) + coalesce(new, 0)
        FROM unnest(usage_usagerollup.latency_counts, excluded.latency_counts)
            WITH ORDINALITY AS pair(old, new, position)
        ORDER BY position
    )
"""

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
            totals.calls,
            totals.units,
            totals.client_errors,
            totals.server_errors,
            totals.request_bytes,
            totals.response_bytes,
            "{" + ",".join(map(str, totals.latency_counts)) + "}",
        )
        for key, totals in sorted(rollups.items(), key=lambda item: item[0])
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [list(column) for column in zip(*rows, strict=True)])
