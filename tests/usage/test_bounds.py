"""How far a shard is complete, what is trimmed, and what happens when something is full."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
import redis

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, shard_of
from apps.usage.meter.runner import Meter
from apps.usage.models import StreamPosition
from tests.usage.conftest import MeterFactory, Orm
from tests.usage.support import Consumer, drain, eventually, make_calls, outcome, reserved


async def test_complete_means_that_no_call_before_is_missing(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    shard = shard_of(consumer.subscription.pk)

    def complete_until() -> dt.datetime | None:
        return StreamPosition.objects.get(shard=shard).complete_until

    first = reserved(await client.reserve(consumer.call()))
    await drain(meter)
    await drain(meter)
    assert await orm(complete_until) == first.occurred_at
    second = reserved(await client.reserve(consumer.call()))
    await client.settle(first, outcome())
    await drain(meter)
    await drain(meter)
    assert await orm(complete_until) == second.occurred_at
    await client.settle(second, outcome())
    await drain(meter)
    await drain(meter)
    passed = await orm(complete_until)
    assert passed is not None
    assert passed > second.occurred_at
    # A later call never gets an earlier time, not even when the clock steps back.
    client._offset.milliseconds = -3_600_000
    third = reserved(await client.reserve(consumer.call()))
    assert third.occurred_at >= passed


async def test_a_call_that_is_open_for_very_long_is_not_waited_for(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, orm: Orm
) -> None:
    meter = await make_meter(awaited_ms=100)
    open_call = reserved(await client.reserve(consumer.call()))

    async def has_passed() -> bool:
        await drain(meter)
        position = await orm(lambda: StreamPosition.objects.get(shard=shard_of(consumer.subscription.pk)))
        return position.complete_until is not None and position.complete_until > open_call.occurred_at

    await eventually(has_passed)
    # It is stored when it ends, at the time at which it began.
    await client.settle(open_call, outcome())
    await drain(meter)
    assert await orm(consumer.rows) == 1
    assert consumer.counter() == 1


async def test_nothing_is_complete_while_a_batch_is_left(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, orm: Orm
) -> None:
    await drain(await make_meter())
    before = await orm(lambda: StreamPosition.objects.get(shard=shard_of(consumer.subscription.pk)).complete_until)
    await make_calls(client, consumer, 25)
    slow = await make_meter(batch_entries=10)
    await slow.tick()
    position = await orm(lambda: StreamPosition.objects.get(shard=shard_of(consumer.subscription.pk)))
    assert position.complete_until == before
    assert await orm(consumer.rows) == 10


async def test_stored_entries_are_trimmed_and_unread_ones_never(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, redis_client: "redis.Redis"
) -> None:
    stream = shard_key(shard_of(consumer.subscription.pk), "stream")
    meter = await make_meter(stream_kept_ms=0)
    await make_calls(client, consumer, 300)
    assert redis_client.xlen(stream) >= 300
    await drain(meter)
    await make_calls(client, consumer, 5)
    await drain(meter)
    await make_calls(client, consumer, 7)
    assert 7 <= redis_client.xlen(stream) <= 20


async def test_a_full_stream_refuses_calls_and_loses_none(
    consumer: Consumer, make_meter: MeterFactory, orm: Orm, tuning: Tuning
) -> None:
    meter = await make_meter(stream_kept_ms=0)
    async with CountersClient(tuning=replace(tuning, stream_bound=10)) as client:
        for _ in range(10):
            await client.settle(reserved(await client.reserve(consumer.call())), outcome())
        with pytest.raises(MeteringUnavailable, match="full"):
            await client.reserve(consumer.call())
        await drain(meter)
        await asyncio.sleep(0.01)
        await eventually(lambda: _drained(client, consumer, meter))
    assert await orm(consumer.rows) >= 10


async def _drained(client: CountersClient, consumer: Consumer, meter: Meter) -> bool:
    await meter.tick()
    try:
        await client.settle(reserved(await client.reserve(consumer.call())), outcome())
    except MeteringUnavailable:
        return False
    return True


async def test_a_full_journal_refuses_calls(consumer: Consumer, tuning: Tuning) -> None:
    async with CountersClient(tuning=replace(tuning, journal_bound=5)) as client:
        for _ in range(5):
            await client.settle(reserved(await client.reserve(consumer.call())), outcome())
        assert not client.is_available
        with pytest.raises(MeteringUnavailable, match="wait for the meter"):
            await client.reserve(consumer.call())
