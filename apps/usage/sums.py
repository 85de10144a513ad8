"""Exact sums of units from Postgres: whole days and hours from the rollups, the rest of a span from the events.

Rollups are written in the transaction that stores the events, so they never disagree.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class UsageSpan:
    """The usage of a subscription in one quota epoch within `[start, end)`."""

    subscription_id: int
    quota_epoch: int
    start: dt.datetime
    end: dt.datetime


# From the largest steps to the smallest: days, the hours before and after them, the moments before and after these.
_SQL = """
SELECT (
    SELECT coalesce(sum(units), 0) FROM usage_subscriptionday
    WHERE subscription_id = span.subscription_id AND quota_epoch = span.quota_epoch
      AND day >= span.first_day AND day < span.last_day
) + (
    SELECT coalesce(sum(units), 0) FROM usage_usagerollup
    WHERE subscription_id = span.subscription_id AND quota_epoch = span.quota_epoch
      AND hour >= span.first_hour AND hour < least(span.first_day, span.last_hour)
) + (
    SELECT coalesce(sum(units), 0) FROM usage_usagerollup
    WHERE subscription_id = span.subscription_id AND quota_epoch = span.quota_epoch
      AND hour >= greatest(span.first_day, span.last_day) AND hour < span.last_hour
) + (
    SELECT coalesce(sum(units), 0) FROM usage_usageevent
    WHERE subscription_id = span.subscription_id AND quota_epoch = span.quota_epoch
      AND occurred_at >= span.starts_at AND occurred_at < least(span.first_hour, span.ends_at)
) + (
    SELECT coalesce(sum(units), 0) FROM usage_usageevent
    WHERE subscription_id = span.subscription_id AND quota_epoch = span.quota_epoch
      AND occurred_at >= greatest(span.first_hour, span.last_hour) AND occurred_at < span.ends_at
)
FROM unnest(
    %s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
    %s::timestamptz[], %s::timestamptz[]
) WITH ORDINALITY
    AS span(subscription_id, quota_epoch, starts_at, ends_at, first_hour, last_hour, first_day, last_day, position)
ORDER BY span.position
"""


def sum_units(spans: Sequence[UsageSpan]) -> list[int]:
    """The units billed in each span, in one query."""
    if not spans:
        return []
    columns: list[Any] = [
        [span.subscription_id for span in spans],
        [span.quota_epoch for span in spans],
        [span.start for span in spans],
        [span.end for span in spans],
        [ceil_hour(span.start) for span in spans],
        [floor_hour(span.end) for span in spans],
        [ceil_day(span.start) for span in spans],
        [floor_day(span.end) for span in spans],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, columns)
        return [int(row[0]) for row in cursor.fetchall()]


def floor_hour(instant: dt.datetime) -> dt.datetime:
    """The start of the hour, UTC, that holds the instant."""
    return instant.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def ceil_hour(instant: dt.datetime) -> dt.datetime:
    """The first start of an hour, UTC, that is not before the instant."""
    return floor_hour(instant + _HOUR - _TICK)


def floor_day(instant: dt.datetime) -> dt.datetime:
    """The start of the day, UTC, that holds the instant."""
    return floor_hour(instant).replace(hour=0)


def ceil_day(instant: dt.datetime) -> dt.datetime:
    """The first start of a day, UTC, that is not before the instant."""
    return floor_day(instant + _DAY - _TICK)
