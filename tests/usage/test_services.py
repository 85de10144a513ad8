import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.usage import services
from apps.usage.models import QuotaPeriod, Rejection, StreamPosition
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.usage.support import Consumer, refuse, store

pytestmark = pytest.mark.django_db

Advance = Callable[[dt.timedelta], None]
DAY, TICK = dt.timedelta(days=1), dt.timedelta(milliseconds=1)


@pytest.fixture
def now() -> dt.datetime:
    return clock.now()


@pytest.fixture
def daily() -> Consumer:
    """A consumer with one quota, from midnight to midnight."""
    return Consumer.create(name="daily", period="day", anchor="calendar", included_units=100)


def rows(consumer: Consumer) -> list[QuotaPeriod]:
    return list(QuotaPeriod.objects.filter(subscription=consumer.subscription).order_by("quota_epoch", "starts_at"))


def complete(consumer: Consumer, until: dt.datetime) -> None:
    StreamPosition.objects.update_or_create(shard=consumer.subscription.pk % 64, defaults={"complete_until": until})


def test_the_running_period_is_recorded_and_kept_current(daily: Consumer, now: dt.datetime) -> None:
    store(daily, now, units=3)
    services.record_quota_periods()
    (row,) = rows(daily)
    assert (row.used_units, row.included_units, row.closed_at) == (3, 100, None)
    assert row.starts_at == now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert row.ends_at == row.starts_at + DAY
    store(daily, now, units=4)
    services.record_quota_periods()
    services.record_quota_periods()
    (row,) = rows(daily)
    assert row.used_units == 7


def test_a_period_is_closed_only_when_nothing_of_it_can_come_any_more(
    daily: Consumer, now: dt.datetime, advance: Advance
) -> None:
    services.record_quota_periods()
    (row,) = rows(daily)
    store(daily, row.ends_at - TICK, units=5)
    advance(DAY)
    complete(daily, row.ends_at - TICK)
    services.record_quota_periods()
    first, second = rows(daily)
    assert (first.used_units, first.closed_at, second.used_units) == (5, None, 0)
    store(daily, row.ends_at - 2 * TICK, units=1)
    store(daily, row.ends_at, units=20)
    complete(daily, row.ends_at)
    services.record_quota_periods()
    first, second = rows(daily)
    assert first.closed_at is not None
    assert (first.used_units, second.used_units, second.closed_at) == (6, 20, None)


def test_a_closed_period_is_final(daily: Consumer, advance: Advance) -> None:
    services.record_quota_periods()
    (row,) = rows(daily)
    advance(DAY)
    complete(daily, row.ends_at)
    services.record_quota_periods()
    store(daily, row.ends_at - TICK, units=9)
    services.record_quota_periods()
    assert rows(daily)[0].used_units == 0
    assert rows(daily)[0].closed_at is not None


def test_periods_that_were_missed_are_recorded_afterwards(daily: Consumer, now: dt.datetime, advance: Advance) -> None:
    store(daily, now - 3 * DAY, units=1)
    store(daily, now - 1 * DAY, units=2)
    complete(daily, now)
    services.record_quota_periods()
    assert [row.used_units for row in rows(daily)] == [1, 0, 2, 0]
    assert [row.closed_at is not None for row in rows(daily)] == [True, True, True, False]
    advance(2 * DAY)
    services.record_quota_periods()
    starts = [row.starts_at for row in rows(daily)]
    assert [later - earlier for earlier, later in pairwise(starts)] == [DAY] * 5


def test_a_new_epoch_begins_at_nothing(daily: Consumer, now: dt.datetime) -> None:
    store(daily, now, units=3)
    services.record_quota_periods()
    daily.subscription.quota_epoch = 1
    daily.subscription.save()
    store(daily, now, units=2, quota_epoch=1)
    services.record_quota_periods()
    assert [(row.quota_epoch, row.used_units) for row in rows(daily)] == [(0, 3), (1, 2)]


def test_a_plan_that_takes_over_the_count_takes_over_the_running_row(
    daily: Consumer, now: dt.datetime, advance: Advance
) -> None:
    store(daily, now - 2 * DAY, units=7)
    store(daily, now, units=3)
    services.record_quota_periods()
    before = rows(daily)
    larger = QuotaFactory(
        plan=PlanFactory(tier=daily.subscription.plan.tier),
        name="daily", period="day", anchor="calendar", included_units=500,
    )  # fmt: skip
    daily.subscription.plan = larger.plan
    daily.subscription.save()
    store(daily, now, units=4)
    services.record_quota_periods()
    after = rows(daily)
    assert [row.pk for row in after] == [row.pk for row in before]
    assert [(row.included_units, row.used_units) for row in after] == [(100, 7), (100, 0), (500, 7)]
    assert {row.quota_id for row in after[:2]} == {daily.quota.pk}
    advance(DAY)
    services.record_quota_periods()
    assert [(row.quota_id, row.included_units) for row in rows(daily)[3:]] == [(larger.pk, 500)]


def test_what_has_not_begun_has_no_periods(daily: Consumer) -> None:
    daily.subscription.status = "incomplete"
    daily.subscription.save()
    services.record_quota_periods()
    assert rows(daily) == []


def test_every_quota_of_a_plan_has_its_periods(daily: Consumer) -> None:
    QuotaFactory(plan=daily.subscription.plan, name="monthly", period="month")
    services.record_quota_periods()
    assert {row.quota.name for row in rows(daily)} == {"daily", "monthly"}


def test_a_quota_that_joins_a_plan_has_its_period_beside_that_of_the_others(daily: Consumer) -> None:
    services.record_quota_periods()
    QuotaFactory(plan=daily.subscription.plan, name="monthly", period="month")
    services.record_quota_periods()
    services.record_quota_periods()
    assert sorted(row.quota.name for row in rows(daily)) == ["daily", "monthly"]


def test_a_sum_that_stands_is_not_written_again(daily: Consumer, now: dt.datetime) -> None:
    store(daily, now, units=3)
    services.record_quota_periods()
    with CaptureQueriesContext(connection) as captured:
        services.record_quota_periods()
    assert any("FOR UPDATE" in query["sql"] for query in captured)  # it was counted
    assert not any(query["sql"].startswith("UPDATE") for query in captured)


def test_a_canceled_subscription_gets_no_new_periods_and_its_last_one_is_closed(
    daily: Consumer, advance: Advance
) -> None:
    services.record_quota_periods()
    (row,) = rows(daily)
    daily.subscription.status = "canceled"
    daily.subscription.save()
    advance(DAY)
    complete(daily, row.ends_at)
    services.record_quota_periods()
    (row,) = rows(daily)
    assert row.closed_at is not None


def test_old_rejections_are_deleted(daily: Consumer, now: dt.datetime) -> None:
    refuse(daily, now - 31 * DAY)
    kept = refuse(daily, now - 29 * DAY)
    assert services.prune_rejections() == 1
    assert Rejection.objects.get().pk == kept.id


def test_partitions_follow_the_clock_of_the_installation(advance: Advance) -> None:
    advance(dt.timedelta(days=3_650))
    made = services.ensure_partitions()
    assert f"usage_usageevent_{clock.now():%Y_%m}" in made


@pytest.mark.parametrize("name", ["usage.record_quota_periods", "usage.ensure_partitions", "usage.prune_rejections"])
def test_tasks_run(name: str) -> None:
    current_app.tasks[name].delay()
