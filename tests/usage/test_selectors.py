import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.core.errors import Invalid, NotFound
from apps.usage import selectors
from apps.usage.models import StreamPosition, UsageEvent, UsageRollup
from apps.usage.selectors import RequestFilters, Scope
from apps.usage.sums import UsageSpan, sum_units
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.usage.support import Consumer, refuse, store

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(milliseconds=1)


@pytest.fixture
def alice() -> Consumer:
    return Consumer.create()


@pytest.fixture
def bob(alice: Consumer) -> Consumer:
    """Another consumer of the same product."""
    subscription = SubscriptionFactory(plan=alice.subscription.plan)
    return Consumer(subscription, alice.endpoint, ApiKeyFactory(subscription=subscription), alice.quota)


@pytest.fixture
def charlie() -> Consumer:
    """A consumer of another product."""
    return Consumer.create()


# --- sums -----------------------------------------------------------------------------------------


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


# --- the request log ------------------------------------------------------------------------------


def test_the_log_shows_forwarded_and_refused_calls_newest_first(alice: Consumer, charlie: Consumer) -> None:
    first = store(alice, NOON)
    refused = refuse(alice, NOON + TICK)
    failed = store(alice, NOON + 2 * TICK, status=500)
    store(charlie, NOON)
    refuse(charlie, NOON)
    scope = Scope.of_subscription(alice.subscription)

    def ids(**filters: object) -> list[object]:
        return [entry.call.pk for entry in selectors.list_requests(scope, RequestFilters(**filters)).entries]  # type: ignore[arg-type]

    assert ids() == [failed.id, refused.id, first.id]
    assert ids(outcome="ok") == [first.id]
    assert ids(outcome="errors") == [failed.id]
    assert ids(outcome="rejected") == [refused.id]
    assert ids(start=NOON + TICK, end=NOON + 2 * TICK) == [refused.id]
    assert ids(endpoint_id=alice.endpoint.pk + 1) == []
    assert ids(api_key_id=alice.key.pk) == [failed.id, refused.id, first.id]
    (entry,) = selectors.list_requests(scope, RequestFilters(outcome="rejected")).entries
    assert entry.is_rejected
    assert entry.rejection is not None
    assert (entry.rejection.code, entry.rejection.policy, entry.rejection.limit) == ("quota_exceeded", "monthly", 10)
    assert (entry.subscription, entry.endpoint, entry.api_key) == (alice.subscription, alice.endpoint, alice.key)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=9), limit=st.integers(1, 5))
def test_pages_show_every_call_once(alice: Consumer, moments: list[tuple[int, bool]], limit: int) -> None:
    UsageEvent.objects.all().delete()
    for moment, is_refused in moments:
        (refuse if is_refused else store)(alice, NOON + moment * TICK)
    product = Scope.of_product(alice.subscription.product)
    start = RequestFilters(start=NOON, end=NOON + 4 * TICK)
    whole = selectors.list_requests(product, start, limit=1_000)
    assert whole.next_cursor == ""
    seen, cursor = [], ""
    while True:
        page = selectors.list_requests(product, start, cursor, limit=limit)
        assert len(page.entries) <= limit
        seen += page.entries
        # What comes meanwhile is on no later page.
        store(alice, NOON + 5 * TICK)
        cursor = page.next_cursor
        if not cursor:
            break
    assert [entry.request_id for entry in seen] == [entry.request_id for entry in whole.entries]
    instants = [entry.call.occurred_at for entry in seen]
    assert instants == sorted(instants, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "1.2", "9" * 40 + "." + "0" * 32, "." + "0" * 32, "1"])
def test_a_cursor_that_is_none_of_ours_is_refused(alice: Consumer, cursor: str) -> None:
    with pytest.raises(Invalid):
        selectors.list_requests(Scope.of_subscription(alice.subscription), cursor=cursor)


def test_the_log_asks_a_constant_number_of_queries(
    alice: Consumer, bob: Consumer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scope = Scope.of_product(alice.subscription.product)
    for _ in range(2):
        for consumer in (alice, bob):
            for number in range(5):
                store(consumer, NOON + number * TICK)
                refuse(consumer, NOON + number * TICK)
        with django_assert_num_queries(5):
            for entry in selectors.list_requests(scope).entries:
                str((entry.subscription, entry.endpoint, entry.api_key))


def test_a_single_call_is_found_within_its_scope_only(alice: Consumer, charlie: Consumer) -> None:
    event, rejection = store(alice, NOON), refuse(alice, NOON)
    mine, theirs = Scope.of_subscription(alice.subscription), Scope.of_subscription(charlie.subscription)
    assert selectors.get_request(mine, f"req_{event.id.hex}").event is not None
    assert selectors.get_request(mine, f"req_{rejection.id.hex}").rejection is not None
    for request_id in (f"req_{event.id.hex}", f"req_{rejection.id.hex}"):
        with pytest.raises(NotFound):
            selectors.get_request(theirs, request_id)
    for nonsense in ("", "req_", "req_xyz", "req_" + "0" * 32, "\x00"):
        with pytest.raises(NotFound):
            selectors.get_request(mine, nonsense)


def test_the_same_id_of_two_tenants_is_two_calls(alice: Consumer, charlie: Consumer) -> None:
    event = store(alice, NOON)
    store(charlie, NOON + TICK, id=event.id)
    for consumer in (alice, charlie):
        entry = selectors.get_request(Scope.of_subscription(consumer.subscription), f"req_{event.id.hex}")
        assert entry.subscription == consumer.subscription


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
