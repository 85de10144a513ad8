"""Counters follow the installation's clock, which the sandbox moves while calls are made."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import redis

from apps.usage.counters.client import CountersClient
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import Refusal, Reservation
from apps.usage.meter.runner import Meter
from apps.usage.models import UsageEvent
from apps.usage.selectors import find_complete_until, quota_usage
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome, rate, reserved

Advance = Callable[[dt.timedelta], None]
DAY = dt.timedelta(days=1)


async def test_a_new_period_begins_when_the_clock_is_moved(
    client: CountersClient, meter: Meter, daily: Consumer, orm: Orm, advance: Advance
) -> None:
    first = reserved(await client.reserve(daily.call()))
    await client.settle(first, outcome())
    assert isinstance(await client.reserve(daily.call()), Refusal)
    await orm(advance, DAY)

    async def passes() -> bool:
        answer = await client.reserve(daily.call())
        if isinstance(answer, Reservation):
            assert answer.occurred_at.date() == (first.occurred_at + DAY).date()
            await client.settle(answer, outcome())
        return isinstance(answer, Reservation)

    await eventually(passes)
    assert isinstance(await client.reserve(daily.call()), Refusal)
    await meter.tick()
    assert await orm(lambda: sorted(event.occurred_at.date() for event in UsageEvent.objects.all())) == [
        first.occurred_at.date(),
        (first.occurred_at + DAY).date(),
    ]
    (quota,) = await orm(quota_usage, daily.subscription)
    assert quota.used == 1


async def test_a_rebuild_after_the_clock_was_moved_counts_the_new_period(
    client: CountersClient, meter: Meter, daily: Consumer, orm: Orm, advance: Advance, redis_client: "redis.Redis"
) -> None:
    await orm(advance, DAY)
    await client._offset.refresh()
    await client.settle(reserved(await client.reserve(daily.call())), outcome())
    await meter._offset.refresh()
    await meter.tick()
    redis_client.flushdb()
    assert isinstance(await client.reserve(daily.call()), Refusal)


async def test_a_process_that_has_not_heard_of_the_move_gives_no_call_a_time_that_was_complete(
    client: CountersClient, meter: Meter, daily: Consumer, orm: Orm, advance: Advance
) -> None:
    await client.reserve(daily.call(included=9))
    await meter.tick()
    await orm(advance, DAY)
    await meter._offset.refresh()
    await client.stop()
    async with CountersClient(tuning=client._tuning) as fresh:
        fresh._offset.milliseconds = 0
        for call in list(client._leases._live.values()):
            await fresh.settle(call.reservation, outcome())
        await meter.tick()
        await meter.tick()
        complete = await orm(find_complete_until, [daily.subscription])
        assert complete is not None
        fresh._offset.milliseconds = 0
        late = reserved(await fresh.reserve(daily.call(included=9)))
    assert late.occurred_at >= complete


async def test_a_used_up_window_is_clean_after_the_clock_was_moved(
    client: CountersClient, daily: Consumer, orm: Orm, advance: Advance
) -> None:
    limits = (rate(1, 3_600_000),)
    assert isinstance(await client.reserve(daily.call(included=9, rates=limits)), Reservation)
    assert isinstance(await client.reserve(daily.call(included=9, rates=limits)), Refusal)
    await orm(advance, dt.timedelta(hours=2))
    await client._offset.refresh()
    assert isinstance(await client.reserve(daily.call(included=9, rates=limits)), Reservation)


async def test_production_asks_nobody_for_an_offset(
    consumer: Consumer, tuning: Tuning, settings: object, orm: Orm, advance: Advance
) -> None:
    await orm(advance, DAY)
    settings.SANDBOX_CLOCK = False  # type: ignore[attr-defined]
    async with CountersClient(tuning=replace(tuning)) as client:
        assert client._offset.milliseconds == 0
        occurred_at = reserved(await client.reserve(consumer.call())).occurred_at
    assert abs(occurred_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
