import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.usage import selectors
from apps.usage.models import StreamPosition, UsageEvent, UsageRollup
from apps.usage.selectors import Scope
from apps.usage.sums import UsageSpan, sum_units
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.usage.support import Consumer, store

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(milliseconds=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(-300, 300), max_size=12),
    start=st.integers(-300, 300),
    length=st.integers(1, 400),
    offset_ms=st.sampled_from([-1, 0, 1]),
)
def test_a_sum_is_exact_for_any_span(
    alice: Consumer, minutes: list[int], start: int, length: int, offset_ms: int
) -> None:
    UsageEvent.objects.all().delete()
    UsageRollup.objects.all().delete()
    begin = NOON + start * dt.timedelta(minutes=1)
    end = begin + length * dt.timedelta(minutes=1)
    moments = [NOON + minute * dt.timedelta(minutes=1) for minute in minutes]
    moments += [begin + offset_ms * TICK, end + offset_ms * TICK]
    for number, moment in enumerate(moments):
        store(alice, moment, units=2**number)
    expected = sum(2**number for number, moment in enumerate(moments) if begin <= moment < end)
    assert sum_units([UsageSpan(alice.subscription.pk, 0, begin, end)]) == [expected]


def test_sums_are_apart_by_subscription_and_epoch(alice: Consumer, bob: Consumer) -> None:
    store(alice, NOON, units=1)
    store(alice, NOON, units=10, quota_epoch=1)
    store(bob, NOON, units=100)
    spans = [UsageSpan(each.subscription.pk, epoch, NOON, NOON + DAY) for each in (alice, bob) for epoch in (0, 1)]
    assert sum_units(spans) == [1, 10, 100, 0]
    assert sum_units([]) == []


def test_every_event_lies_in_exactly_one_period(alice: Consumer) -> None:
    midnight = dt.datetime(2028, 2, 29, tzinfo=dt.UTC)
    days = [UsageSpan(alice.subscription.pk, 0, midnight + n * DAY, midnight + (n + 1) * DAY) for n in range(-1, 2)]
    for moment in (midnight - TICK, midnight, midnight + DAY - TICK, midnight + DAY):
        store(alice, moment)
    assert sum_units(days) == [1, 2, 1]


# --- quotas ---------------------------------------------------------------------------------------


def test_quota_usage_is_that_of_the_running_period_and_epoch(alice: Consumer) -> None:
    now = dt.datetime.now(dt.UTC)
    alice.quota.included_units = 4
    alice.quota.save()
    daily = QuotaFactory(plan=alice.subscription.plan, name="daily", period="day", anchor="calendar", included_units=0)
    store(alice, now - TICK, units=3)
    store(alice, now, units=2)
    store(alice, now - dt.timedelta(days=40), units=100)
    store(alice, now, units=100, quota_epoch=7)
    monthly, today = selectors.quota_usage(alice.subscription)
    assert (monthly.name, monthly.included, monthly.used, monthly.remaining, monthly.percent) == (
        "monthly",
        4,
        5,
        0,
        125,
    )
    assert monthly.starts_at <= now < monthly.ends_at
    assert (today.name, today.percent, today.ends_at - today.starts_at) == (daily.name, 100, DAY)


def test_quota_usage_asks_the_same_number_of_queries_for_any_number_of_quotas(
    alice: Consumer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        selectors.quota_usage(alice.subscription)
    for number in range(5):
        QuotaFactory(plan=alice.subscription.plan, name=f"quota-{number}")
    with django_assert_num_queries(2):
        assert len(selectors.quota_usage(alice.subscription)) == 6


# --- breakdowns -----------------------------------------------------------------------------------


def test_usage_over_time_has_a_point_for_every_hour_and_day(alice: Consumer) -> None:
    scope = Scope.of_subscription(alice.subscription)
    store(alice, NOON, units=3)
    store(alice, NOON + HOUR - TICK, status=404)
    store(alice, NOON + HOUR, status=503, units=0)
    store(alice, NOON - TICK)
    store(alice, NOON + 3 * HOUR)
    hours = selectors.usage_by_hour(scope, NOON, NOON + 3 * HOUR)
    assert [(point.at, point.stats.calls, point.stats.units) for point in hours] == [
        (NOON, 2, 4),
        (NOON + HOUR, 1, 0),
        (NOON + 2 * HOUR, 0, 0),
    ]
    assert [(point.stats.client_errors, point.stats.server_errors) for point in hours] == [(1, 0), (0, 1), (0, 0)]
    assert (hours[1].stats.error_percent, hours[2].stats.error_percent) == (100, 0)
    days = selectors.usage_by_day(scope, NOON - DAY, NOON + DAY)
    midnight = NOON.replace(hour=0)
    assert [(point.at, point.stats.calls) for point in days] == [
        (midnight - DAY, 0),
        (midnight, 5),
        (midnight + DAY, 0),
    ]


def test_percentiles_are_those_of_the_backend(alice: Consumer) -> None:
    for milliseconds in [8] * 90 + [400] * 9 + [60_000]:
        store(alice, NOON, origin_us=milliseconds * 1000)
    stats = selectors.get_usage(Scope.of_subscription(alice.subscription), NOON, NOON + HOUR)
    assert stats.p50 is not None
    assert stats.p95 is not None
    assert 5 < stats.p50 <= 10
    assert 300 < stats.p95 <= 500
    assert selectors.get_usage(Scope.of_subscription(alice.subscription), NOON - HOUR, NOON).p99 is None


def test_breakdowns_name_what_made_the_calls(alice: Consumer, bob: Consumer, charlie: Consumer) -> None:
    other = EndpointFactory(tier=alice.subscription.plan.tier)
    for _ in range(3):
        store(bob, NOON, endpoint_id=other.pk)
    store(alice, NOON)
    store(charlie, NOON)
    scope = Scope.of_product(alice.subscription.product)
    span = (NOON, NOON + HOUR)
    assert [(row.endpoint, row.stats.calls) for row in selectors.usage_by_endpoint(scope, *span)] == [
        (other, 3),
        (alice.endpoint, 1),
    ]
    assert [(row.api_key, row.stats.calls) for row in selectors.usage_by_key(scope, *span)] == [
        (bob.key, 3),
        (alice.key, 1),
    ]
    assert [(row.subscription, row.stats.calls) for row in selectors.usage_by_consumer(scope, *span)] == [
        (bob.subscription, 3),
        (alice.subscription, 1),
    ]
    mine = Scope.of_subscriptions([alice.subscription, charlie.subscription])
    assert selectors.get_usage(mine, *span).calls == 2
    assert selectors.get_usage(Scope.of_subscriptions([]), *span).calls == 0


def test_what_was_removed_since_is_shown_without_its_name(alice: Consumer) -> None:
    store(alice, NOON)
    scope = Scope.of_subscription(alice.subscription)
    alice.key.delete()
    alice.endpoint.delete()
    (key,) = selectors.usage_by_key(scope, NOON, NOON + HOUR)
    (endpoint,) = selectors.usage_by_endpoint(scope, NOON, NOON + HOUR)
    (entry,) = selectors.list_requests(scope).entries
    assert (key.api_key, endpoint.endpoint, entry.api_key, entry.endpoint) == (None, None, None, None)
    assert key.stats.calls == endpoint.stats.calls == 1


@pytest.mark.parametrize(
    ("selector", "queries"),
    [
        (selectors.usage_by_hour, 1),
        (selectors.usage_by_day, 1),
        (selectors.usage_by_endpoint, 2),
        (selectors.usage_by_key, 2),
        (selectors.usage_by_consumer, 2),
    ],
)
def test_breakdowns_ask_a_constant_number_of_queries(
    alice: Consumer, django_assert_num_queries: DjangoAssertNumQueries, selector: object, queries: int
) -> None:
    scope = Scope.of_product(alice.subscription.product)
    assert callable(selector)
    for _ in range(2):
        for number in range(4):
            subscription = SubscriptionFactory(plan=alice.subscription.plan)
            endpoint = EndpointFactory(tier=alice.subscription.plan.tier)
            key = ApiKeyFactory(subscription=subscription)
            consumer = Consumer(subscription, endpoint, key, alice.quota)
            store(consumer, NOON + number * HOUR)
        with django_assert_num_queries(queries):
            rows = selector(scope, NOON, NOON + DAY)
            [str(getattr(row, name, "")) for row in rows for name in ("endpoint", "api_key", "subscription")]


def test_a_scope_is_one_or_the_other() -> None:
    with pytest.raises(ValueError, match="either"):
        Scope()
    with pytest.raises(ValueError, match="either"):
        Scope(subscription_ids=(1,), product_id=1)


# --- progress -------------------------------------------------------------------------------------


def test_complete_until_is_the_slowest_shards(alice: Consumer) -> None:
    assert selectors.find_complete_until() is None
    StreamPosition.objects.bulk_create(
        StreamPosition(shard=shard, complete_until=NOON + shard * HOUR) for shard in range(64)
    )
    assert selectors.find_complete_until() == NOON
    shard = alice.subscription.pk % 64
    assert selectors.find_complete_until([alice.subscription]) == NOON + shard * HOUR
    StreamPosition.objects.filter(shard=(shard + 1) % 64).update(complete_until=None)
    assert selectors.find_complete_until() is None
    assert selectors.find_complete_until([alice.subscription]) is not None


def test_rollups_add_up_however_they_came_in(alice: Consumer) -> None:
    one = store(alice, NOON, origin_us=1_000)
    store(alice, NOON + TICK, origin_us=10**9, units=4, status=500)
    rollup = UsageRollup.objects.get()
    assert (rollup.calls, rollup.units, rollup.server_errors) == (2, 5, 1)
    assert (rollup.request_bytes, rollup.response_bytes) == (200, 4_000)
    assert (rollup.latency_counts[0], rollup.latency_counts[-1], sum(rollup.latency_counts)) == (1, 1, 2)
    assert replace(one, units=2) != one
