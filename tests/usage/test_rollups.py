"""Hours and days are the sums of their calls, whoever adds them up, and any span is the sum of its parts."""

import datetime as dt
import random
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from apps.core.ids import uuid7
from apps.usage import selectors
from apps.usage.counters.records import EventRecord
from apps.usage.meter.rollups import add_to_rollups
from apps.usage.metering import LATENCY_COUNTS, latency_index, latency_percentile
from apps.usage.models import EndpointDay, Rollup, SubscriptionDay, SubscriptionEndpointDay, UsageRollup
from apps.usage.selectors import Scope
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.usage.support import Consumer

pytestmark = pytest.mark.django_db

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MIDNIGHT = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
TICK = dt.timedelta(milliseconds=1)


@pytest.fixture
def calls(alice: Consumer, bob: Consumer, charlie: Consumer) -> list[EventRecord]:
    """Of four days: of two consumers of a product with two endpoints, two keys and epochs each, and of a third."""
    generator = random.Random(7)
    second = EndpointFactory(tier=alice.subscription.plan.tier)
    consumers = [
        (each, endpoint, key)
        for each, endpoints in (
            (alice, [alice.endpoint, second]),
            (bob, [bob.endpoint, second]),
            (charlie, [charlie.endpoint]),
        )
        for endpoint in endpoints
        for key in (each.key, ApiKeyFactory(subscription=each.subscription))
    ]
    moments = [MIDNIGHT + generator.random() * 4 * DAY for _ in range(150)]
    moments += [MIDNIGHT + number * DAY + offset for number in range(5) for offset in (-TICK, 0 * TICK, HOUR)]
    events = []
    for moment in moments:
        consumer, endpoint, key = generator.choice(consumers)
        events.append(
            EventRecord(
                id=uuid7(),
                occurred_at=moment,
                subscription_id=consumer.subscription.pk,
                product_id=consumer.subscription.product_id,
                endpoint_id=endpoint.pk,
                api_key_id=key.pk,
                quota_epoch=generator.randrange(2),
                units=generator.randrange(1000),
                method="GET",
                path="/",
                status=generator.choice([200, 404, 502]),
                outcome="completed",
                duration_us=1,
                origin_us=generator.choice([1_000, 80_000, 10**8]),
                request_bytes=generator.randrange(1000),
                response_bytes=generator.randrange(1000),
                replayed=False,
            )
        )
    generator.shuffle(events)
    for first in range(0, len(events), 20):
        add_to_rollups(events[first : first + 20])
    return events


def rows_of(model: type[Rollup]) -> list[tuple[Any, ...]]:
    columns = (*model.IDENTITY, "product_id", *Rollup.COUNTERS, "latency_counts")
    return sorted(map(repr, model._default_manager.values_list(*columns)))


def test_days_are_the_sums_of_their_hours(calls: list[EventRecord]) -> None:
    """What is added with every batch is what the hours give when they are added up anew, as a migration does."""
    kept = {model: rows_of(model) for model in (SubscriptionDay, SubscriptionEndpointDay, EndpointDay)}
    for model, rows in kept.items():
        assert len(rows) > 10
        assert sum(model._default_manager.values_list("calls", flat=True)) == len(calls)
        model._default_manager.all().delete()
    with connection.cursor() as cursor:
        for sql in import_module("apps.usage.migrations.0003_daily_rollups").FILL:
            cursor.execute(sql)
    assert {model: rows_of(model) for model in kept} == kept
    assert sum(UsageRollup.objects.values_list("units", flat=True)) == sum(call.units for call in calls)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (MIDNIGHT, MIDNIGHT + 4 * DAY),
        (MIDNIGHT + HOUR, MIDNIGHT + 3 * DAY + 5 * HOUR),
        (MIDNIGHT - 30 * DAY, MIDNIGHT + DAY),
        (MIDNIGHT + HOUR, MIDNIGHT + DAY),
        (MIDNIGHT, MIDNIGHT + 23 * HOUR),
        (MIDNIGHT + 23 * HOUR, MIDNIGHT + DAY + HOUR),
        (MIDNIGHT + 23 * HOUR, MIDNIGHT + 2 * DAY + HOUR),
    ],
)
def test_any_span_is_the_sum_of_its_calls(
    alice: Consumer, bob: Consumer, calls: list[EventRecord], start: dt.datetime, end: dt.datetime
) -> None:
    product = alice.subscription.product
    scopes = {
        Scope.of_product(product): ("product_id", {product.pk}),
        Scope.of_subscription(alice.subscription): ("subscription_id", {alice.subscription.pk}),
        Scope.of_subscriptions([alice.subscription, bob.subscription]): ("product_id", {product.pk}),
        Scope.of_product(product).at(bob.endpoint): ("endpoint_id", {bob.endpoint.pk}),
        Scope.of_subscription(bob.subscription).by(bob.key): ("api_key_id", {bob.key.pk}),
    }
    for scope, (column, values) in scopes.items():
        within = [call for call in calls if start <= call.occurred_at < end and getattr(call, column) in values]
        total = selectors.get_usage(scope, start, end)
        assert total == expected(within)
        assert {point.at: point.stats for point in selectors.usage_by_day(scope, start, end)} == {
            day: expected([call for call in within if day <= call.occurred_at < day + DAY]) for day in days(start, end)
        }
        assert {row.endpoint.pk: row.stats for row in selectors.usage_by_endpoint(scope, start, end)} == grouped(
            within, "endpoint_id"
        )
        assert {row.api_key.pk: row.stats for row in selectors.usage_by_key(scope, start, end)} == grouped(
            within, "api_key_id"
        )
        by_subscription = grouped(within, "subscription_id")
        assert selectors.usage_by_subscription(scope, start, end) == by_subscription
        ranking = selectors.rank_consumers(scope, start, end, limit=1)
        assert ranking.total == len(by_subscription)
        assert [row.stats.calls for row in ranking.shown] == sorted(
            (stats.calls for stats in by_subscription.values()), reverse=True
        )[:1]


def expected(calls: list[EventRecord]) -> selectors.UsageStats:
    """Counted one by one; the percentiles by the rule for a whole, of which `test_pure` tells."""
    counts = [0] * LATENCY_COUNTS
    for call in calls:
        counts[latency_index(call.origin_us / 1000)] += 1
    return selectors.UsageStats(
        calls=len(calls),
        units=sum(call.units for call in calls),
        client_errors=sum(call.status == 404 for call in calls),
        server_errors=sum(call.status == 502 for call in calls),
        request_bytes=sum(call.request_bytes for call in calls),
        response_bytes=sum(call.response_bytes for call in calls),
        p50=latency_percentile(counts, 0.50),
        p95=latency_percentile(counts, 0.95),
        p99=latency_percentile(counts, 0.99),
    )


def grouped(calls: list[EventRecord], column: str) -> dict[int, selectors.UsageStats]:
    return {
        value: expected([call for call in calls if getattr(call, column) == value])
        for value in {getattr(call, column) for call in calls}
    }


def days(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    first = start.replace(hour=0)
    return [first + number * DAY for number in range(-((first - end) // DAY))]
