"""The hours held against the events, and the days against the hours: each day in statements of one snapshot each.

Events, hours and days are written in one transaction, so no call that is just being stored is a difference. Postgres
does the sums; only what differs comes here.
"""

import datetime as dt
from collections.abc import Iterator

from django.db import connection, transaction

from apps.usage.models import EndpointDay, Rollup, SubscriptionDay, SubscriptionEndpointDay, UsageRollup
from apps.usage.reconciliation.difference import Difference

# What is compared: the columns that are added up, and how many calls the latency counts hold.
MEASURES = (*Rollup.COUNTERS, "latency_counts")
_COUNTED = "(SELECT coalesce(sum(n), 0) FROM unnest(latency_counts) AS n)"
_FETCHED = 1000

_OF_EVENTS = """
    count(*) AS calls,
    sum(units) AS units,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
    count(*) FILTER (WHERE status >= 500) AS server_errors,
    sum(request_bytes) AS request_bytes,
    sum(response_bytes) AS response_bytes,
    count(*) AS latency_counts
"""
_OF_HOURS = ", ".join([*(f"sum({name}) AS {name}" for name in Rollup.COUNTERS), f"sum({_COUNTED}) AS latency_counts"])
_STORED = ", ".join([*Rollup.COUNTERS, f"{_COUNTED} AS latency_counts"])


def _comparison(model: type[Rollup], table: str, source: str, at: str, sums: str) -> str:
    """What the rows of the model are beside the sums of the source, whose column `at` says when."""
    time = "hour" if model is UsageRollup else "day"
    others = [name for name in model.IDENTITY if name != time]
    keys = ", ".join([*others, time])
    shown = [name if name in others else f"NULL AS {name}" for name in ("subscription_id", "endpoint_id")]
    pairs = ", ".join(f"coalesce(expected.{name}, 0), coalesce(found.{name}, 0)" for name in MEASURES)
    differ = " OR ".join(f"expected.{name} IS DISTINCT FROM found.{name}" for name in MEASURES)
    return f"""
    WITH expected AS (
        SELECT {", ".join(others)}, date_trunc('{time}', {at}, 'UTC') AS {time}, {sums}
        FROM {source} WHERE {at} >= %(start)s AND {at} < %(end)s GROUP BY {", ".join(others)}, {len(others) + 1}
    ), found AS (
        SELECT {keys}, {_STORED} FROM {table} WHERE {time} >= %(start)s AND {time} < %(end)s
    )
    SELECT {", ".join(shown)}, {time}, {pairs}
    FROM expected FULL JOIN found USING ({keys}) WHERE {differ} ORDER BY {keys}
    """  # noqa: S608 - constants


_HOURS = "usage_usagerollup"
_DAYS: dict[type[Rollup], str] = {
    SubscriptionDay: "usage_subscriptionday",
    SubscriptionEndpointDay: "usage_subscriptionendpointday",
    EndpointDay: "usage_endpointday",
}
_COMPARISONS = {UsageRollup: _comparison(UsageRollup, _HOURS, "usage_usageevent", "occurred_at", _OF_EVENTS)} | {
    model: _comparison(model, table, _HOURS, "hour", _OF_HOURS) for model, table in _DAYS.items()
}


def list_rollup_differences(day: dt.datetime) -> Iterator[Difference]:
    """What is wrong in the rollups of the UTC day that begins at `day`."""
    for model, statement in _COMPARISONS.items():
        length = dt.timedelta(hours=1) if model is UsageRollup else dt.timedelta(days=1)
        # A cursor that fetches as it goes lives in a transaction.
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(statement, {"start": day, "end": day + dt.timedelta(days=1)})
            while rows := cursor.fetchmany(_FETCHED):
                for subscription, endpoint, at, *numbers in rows:
                    for measure, expected, found in zip(MEASURES, numbers[::2], numbers[1::2], strict=True):
                        if expected != found:
                            yield Difference(
                                where=model.__name__,
                                measure=measure,
                                subscription_id=subscription,
                                endpoint_id=endpoint,
                                starts_at=at,
                                ends_at=at + length,
                                expected=int(expected),
                                found=int(found),
                            )
