"""Five million calls with their rollups, and refused ones, in SQL: as many rows as the meter would write."""

import itertools
from dataclasses import dataclass
from importlib import import_module

from django.db import connection

from apps.usage.metering import LATENCY_BOUNDS_MS

DAYS = 90
REJECTION_DAYS = 30


@dataclass
class Bases:
    """What to add to a number to get the id of the row with this number; filled in as rows are made."""

    product: int
    endpoint: int
    subscription: int = 0
    key: int = 0


# Who calls: a tenth each for the large consumer's first subscription, the other consumers of the large product, and
# the large consumer's other subscriptions, of which few call much and many a little; then, by the hour `h`, some of
# all others. `a`, `b`, `c`, `d` are random numbers of the row.
_NUMBER = """
CASE WHEN a < 0.1 THEN 1
     WHEN a < 0.2 THEN 2 + floor(b ^ 4 * ({large_product} - 1))::bigint
     WHEN a < 0.3 THEN 1 + {large_product} + floor(b ^ 4 * {large_consumer})::bigint
     ELSE 1 + {large_product} + {large_consumer}
         + (h * 131 + floor(b * 40)::bigint) % ({subscriptions} - {large_product} - {large_consumer})
END
"""
# A third of the calls of the large product go to its many further endpoints, which come after all others.
_ENDPOINT = """
CASE WHEN s <= {large_product} AND d > 0.67
     THEN {products} * {endpoints} + 1 + floor((d - 0.67) / 0.33 * {large_endpoints})::bigint
     ELSE (subscription.product_id - {product} - 1) * {endpoints} + 1 + floor(d * {endpoints})::bigint
END
"""

_CALLS = """
WITH raw AS MATERIALIZED (
    SELECT n, now() - interval '{days} days' * (1 - n::float / {count}) AS at, random() AS a, random() AS b,
           random() AS c, random() AS d
    FROM generate_series({first}, {last}) AS n
), numbered AS MATERIALIZED (
    SELECT raw.*, {number} AS s FROM (SELECT *, floor(extract(epoch FROM at) / 3600)::bigint AS h FROM raw) AS raw
), calls AS (
    SELECT numbered.*, subscription.id AS subscription_id, subscription.product_id,
        {key} + CASE WHEN s = 1 THEN 1 + floor(c * 4)::bigint
                     ELSE {subscriptions} + s - 1 END AS api_key_id,
        {endpoint} + {of_product} AS endpoint_id,
        (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
            || '8' || substr(md5(n::text), 4, 15))::uuid AS uuid
    FROM numbered JOIN subscriptions_subscription AS subscription ON subscription.id = {subscription} + s
)
"""

_EVENTS = (
    _CALLS
    + """
INSERT INTO usage_usageevent (id, occurred_at, subscription_id, product_id, endpoint_id, api_key_id, quota_epoch,
    units, method, path, status, outcome, duration_us, origin_us, request_bytes, response_bytes)
SELECT uuid, at, subscription_id, product_id, endpoint_id, api_key_id, 0, 1, 'GET',
    '/resource-' || (n % 50) || '/items', CASE WHEN c < 0.95 THEN 200 WHEN c < 0.99 THEN 404 ELSE 502 END,
    'completed', 3000 + (b * b * 400000)::bigint, 2000 + (b * b * 400000)::bigint, 200, 1500
FROM calls ORDER BY uuid
"""
)

_REJECTIONS = (
    _CALLS
    + """
INSERT INTO usage_rejection (id, occurred_at, subscription_id, product_id, endpoint_id, api_key_id, method, path,
    status, code, policy, counter, "limit", weight)
SELECT uuid, at, subscription_id, product_id, endpoint_id, api_key_id, 'GET', '/resource-' || (n % 50), 429,
    CASE WHEN c < 0.7 THEN 'rate_limited' ELSE 'quota_exceeded' END, 'per-minute', 60, 60, 1
FROM calls
"""
)

_ROLLUPS = """
INSERT INTO usage_usagerollup (hour, subscription_id, product_id, endpoint_id, api_key_id, quota_epoch, calls, units,
    client_errors, server_errors, request_bytes, response_bytes, latency_counts)
SELECT date_trunc('hour', occurred_at, 'UTC'), subscription_id, product_id, endpoint_id, api_key_id, quota_epoch,
    count(*), sum(units), count(*) FILTER (WHERE status BETWEEN 400 AND 499), count(*) FILTER (WHERE status >= 500),
    sum(request_bytes), sum(response_bytes), ARRAY[{latencies}]
FROM usage_usageevent GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1
"""


def add_calls(bases: Bases, sizes: dict[str, int], first: int, last: int) -> None:
    """The calls of these numbers; in the order of time, over the last 90 days."""
    _execute(_EVENTS, bases, sizes, days=DAYS, count=sizes["events"], first=first, last=last)


def add_rejections(bases: Bases, sizes: dict[str, int]) -> None:
    count = sizes["rejections"]
    _execute(_REJECTIONS, bases, sizes, days=REJECTION_DAYS, count=count, first=1, last=count)


def add_rollups() -> None:
    bounds = [0, *(bound * 1000 for bound in LATENCY_BOUNDS_MS)]
    latencies = [
        f"count(*) FILTER (WHERE origin_us > {low} AND origin_us <= {high})" for low, high in itertools.pairwise(bounds)
    ]
    latencies.append(f"count(*) FILTER (WHERE origin_us > {bounds[-1]})")
    by_day = import_module("apps.usage.migrations.0003_daily_rollups").FILL
    with connection.cursor() as cursor:
        for sql in (_ROLLUPS.format(latencies=", ".join(latencies)), *by_day):
            cursor.execute(sql)


def _execute(sql: str, bases: Bases, sizes: dict[str, int], **values: int) -> None:
    given = vars(bases) | sizes | values
    with connection.cursor() as cursor:
        cursor.execute(sql.format(number=_NUMBER.format(**given), of_product=_ENDPOINT.format(**given), **given))
