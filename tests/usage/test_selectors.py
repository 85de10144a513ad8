import datetime as dt
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.plans.models import Plan, Quota
from apps.plans.periods import period_at
from apps.usage import selectors
from apps.usage.models import StreamPosition, UsageRollup
from apps.usage.selectors import Scope
from apps.usage.sums import UsageSpan, sum_units
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import forget_calls
from tests.usage.support import Consumer, store

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(milliseconds=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(-3000, 3000), max_size=12),
    start=st.integers(-3000, 3000),
    length=st.integers(1, 4000),
    offset_ms=st.sampled_from([-1, 0, 1]),
)
def test_a_sum_is_exact_for_any_span(
    alice: Consumer, minutes: list[int], start: int, length: int, offset_ms: int
) -> None:
    forget_calls()
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
    for period in ("day", "week", "year"):
        QuotaFactory(plan=alice.subscription.plan, name=period, period=period)
    with django_assert_num_queries(2):
        assert len(selectors.quota_usage(alice.subscription)) == 4


def test_quota_usage_says_what_is_extra_and_what_it_costs(alice: Consumer) -> None:
    now = dt.datetime.now(dt.UTC)
    Quota.objects.update(included_units=10, overage="per_unit", overage_unit_amount="0.25", overage_max_units=20)
    (before,) = selectors.quota_usage(alice.subscription)
    assert (before.remaining, before.left, before.extra, before.extra_amount) == (10, 30, 0, 0)
    store(alice, now, units=17)
    (after,) = selectors.quota_usage(alice.subscription)
    assert (after.included, after.used, after.remaining, after.left) == (10, 17, 0, 13)
    assert (after.extra, after.extra_max, after.extra_amount, after.currency) == (7, 20, 2, "USD")


# --- what an invoice charges for ------------------------------------------------------------------


class TestBillable:
    """One line of the history decides which units are whose; the calls lie around it."""

    @pytest.fixture
    def start(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) - 2 * DAY

    def change(self, alice: Consumer, at: dt.datetime, epoch: int, plan: Plan | None = None) -> None:
        """The subscription has this epoch, and where given this plan, since then."""
        previous = alice.subscription.plan
        if plan is not None:
            alice.subscription.plan = plan
        alice.subscription.quota_epoch = epoch
        alice.subscription.save()
        alice.subscription.changes.create(
            kind="x", to_status="active", to_plan=alice.subscription.plan, quota_epoch=epoch, occurred_at=at,
            from_plan=previous if plan else None,
        )  # fmt: skip

    def units(self, alice: Consumer, quota: Quota, start: dt.datetime, end: dt.datetime) -> int:
        return selectors.billable_units(alice.subscription, quota=quota, start=start, end=end)

    def test_those_of_the_period_and_no_others(self, alice: Consumer, bob: Consumer, start: dt.datetime) -> None:
        for moment, units in ((start - TICK, 1), (start, 2), (start + DAY - TICK, 4), (start + DAY, 8)):
            store(alice, moment, units=units)
        store(bob, start, units=16)
        assert self.units(alice, alice.quota, start, start + DAY) == 6

    def test_a_reset_forgives_and_a_reset_after_the_period_does_not(self, alice: Consumer, start: dt.datetime) -> None:
        store(alice, start, units=5)
        self.change(alice, start + HOUR, 1)
        store(alice, start + 2 * HOUR, units=3, quota_epoch=1)
        self.change(alice, start + DAY + HOUR, 2)
        assert self.units(alice, alice.quota, start, start + DAY) == 3

    def test_after_a_change_with_a_reset_each_plan_has_its_own(self, alice: Consumer, start: dt.datetime) -> None:
        other = QuotaFactory(plan=PlanFactory(tier=alice.subscription.plan.tier))
        store(alice, start, units=5)
        self.change(alice, start + HOUR, 1, other.plan)
        store(
            alice, start + HOUR, units=1, quota_epoch=0
        )  # a call in flight, reserved before a gateway had heard of the change
        store(alice, start + 2 * HOUR, units=30, quota_epoch=1)
        end = start + DAY
        assert (self.units(alice, alice.quota, start, end), self.units(alice, other, start, end)) == (6, 30)
        assert self.units(alice, alice.quota, start, start + HOUR) == 5, "as asked at the moment of the change"

    def test_after_a_change_with_carry_over_the_new_plan_has_all(self, alice: Consumer, start: dt.datetime) -> None:
        other = QuotaFactory(plan=PlanFactory(tier=alice.subscription.plan.tier))
        store(alice, start, units=5)
        self.change(alice, start + HOUR, 0, other.plan)
        store(alice, start + 2 * HOUR, units=30)
        end = start + DAY
        assert (self.units(alice, alice.quota, start, end), self.units(alice, other, start, end)) == (5, 35)
        assert self.units(alice, QuotaFactory(), start, end) == 0, "a plan that it never had"
        # As an invoice asks, in stretches that meet at the change.
        change = start + HOUR
        assert self.units(alice, other, change, end) == 35
        self.change(alice, start + 3 * HOUR, 1)
        store(alice, start + 4 * HOUR, units=2, quota_epoch=1)
        assert self.units(alice, other, change, end) == 2, "a reset forgives what was carried over, too"

    def test_a_plan_without_such_a_quota_takes_nothing_over(self, alice: Consumer, start: dt.datetime) -> None:
        unlimited = PlanFactory(tier=alice.subscription.plan.tier)
        QuotaFactory(plan=unlimited, name="daily", period="day")
        store(alice, start, units=5)
        self.change(alice, start + HOUR, 0, unlimited)
        store(alice, start + 2 * HOUR, units=30)
        assert self.units(alice, alice.quota, start, start + DAY) == 5, "what was extra under the old plan stays owed"

    def test_a_downgrade_at_the_end_leaves_the_period_to_the_old_plan(
        self, alice: Consumer, start: dt.datetime
    ) -> None:
        other = QuotaFactory(plan=PlanFactory(tier=alice.subscription.plan.tier))
        alice.subscription.started_at = alice.subscription.anchored_at = start
        _, end = period_at("month", "subscription", start, start)
        store(alice, start, units=5)
        store(alice, end, units=7)  # before the change was carried out, which dates from the end
        self.change(alice, end, 0, other.plan)
        assert self.units(alice, alice.quota, start, end) == 5
        assert (self.units(alice, other, start, end), self.units(alice, other, end, end + DAY)) == (0, 7)


def test_a_subscription_is_complete_up_to_the_watermark_of_its_shard(alice: Consumer) -> None:
    assert not selectors.is_complete(alice.subscription, NOON)
    StreamPosition.objects.create(shard=alice.subscription.pk % 64, complete_until=NOON)
    assert selectors.is_complete(alice.subscription, NOON)
    assert not selectors.is_complete(alice.subscription, NOON + TICK)


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
    ranking = selectors.rank_consumers(scope, *span, limit=5)
    assert [(row.subscription, row.stats.calls) for row in ranking.shown] == [
        (bob.subscription, 3),
        (alice.subscription, 1),
    ]
    first = selectors.rank_consumers(scope, *span, limit=1)
    assert (first.shown, first.total) == (ranking.shown[:1], 2)
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
        (partial(selectors.rank_consumers, limit=5), 3),
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
            found = selector(scope, NOON.replace(hour=0), NOON.replace(hour=0) + DAY)
            rows = getattr(found, "shown", found)
            [str(getattr(row, name, "")) for row in rows for name in ("endpoint", "api_key", "subscription")]


def test_a_scope_is_one_or_the_other() -> None:
    with pytest.raises(ValueError, match="either"):
        Scope()
    with pytest.raises(ValueError, match="either"):
        Scope(subscription_ids=(1,), product_ids=(1,))


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
