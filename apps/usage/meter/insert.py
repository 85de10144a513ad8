"""Inserting what was decoded, and learning what was new. Plain SQL: the ORM cannot tell which rows were."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from uuid import UUID

from django.db import connection

from apps.usage.counters.records import ABANDONED, EventRecord, RejectionRecord
from apps.usage.models import Rejection

_EVENTS = """
INSERT INTO usage_usageevent (
    id, occurred_at, subscription_id, product_id, endpoint_id, api_key_id, quota_epoch, units,
    method, path, status, outcome, duration_us, origin_us, request_bytes, response_bytes
)
SELECT * FROM unnest(
    %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[],
    %s::text[], %s::text[], %s::smallint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]
)
ON CONFLICT DO NOTHING
RETURNING id, occurred_at
"""

# A call that was stored is not abandoned, whatever a sweep believed after data was lost.
_REJECTIONS = f"""
INSERT INTO usage_rejection (
    id, occurred_at, product_id, subscription_id, endpoint_id, api_key_id, method, path, status, code,
    policy, counter, "limit", weight
)
SELECT * FROM unnest(
    %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::smallint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::int[]
) AS new(
    id, occurred_at, product_id, subscription_id, endpoint_id, api_key_id, method, path, status, code,
    policy, counter, "limit", weight
)
WHERE new.code <> '{ABANDONED}' OR NOT EXISTS (
    SELECT 1 FROM usage_usageevent WHERE usage_usageevent.id = new.id AND usage_usageevent.occurred_at = new.occurred_at
)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - a constant

# The fields are columns in the same order; all but the last one of an event, `replayed`.
_event_columns = attrgetter(*(field.name for field in fields(EventRecord)[:-1]))
_rejection_columns = attrgetter(*(field.name for field in fields(RejectionRecord)))


def insert_events(events: Sequence[EventRecord]) -> set[tuple[UUID, dt.datetime]]:
    """Insert the events that are not stored yet; the identities of those."""
    columns = [list(column) for column in zip(*map(_event_columns, events), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, columns)
        new = {(row[0], row[1]) for row in cursor.fetchall()}
    if replayed := [event.id for event in events if event.replayed]:
        Rejection.objects.filter(pk__in=replayed, code=ABANDONED).delete()
    return new


def insert_rejections(rejections: Sequence[RejectionRecord]) -> None:
    """Insert the rejections that are not stored yet."""
    with connection.cursor() as cursor:
        cursor.execute(_REJECTIONS, [list(column) for column in zip(*map(_rejection_columns, rejections), strict=True)])
