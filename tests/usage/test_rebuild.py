"""Redis loses its data, its last second, or its life in the middle of traffic: everything still agrees."""

import asyncio
import datetime as dt
import shutil

import pytest
import redis

from apps.plans.periods import period_at
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import Settlement, shard_of
from apps.usage.meter.runner import Meter
from config.embedded.valkey import EmbeddedValkey
from tests.factories.plans import QuotaFactory
from tests.own_servers import kill
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, outcome, reserved, store
from tests.usage.traffic import assert_all_agree, counter_at, world


@pytest.mark.timeout(180)
async def test_data_lost_in_the_middle_of_traffic(
    consumer: Consumer, tuning: Tuning, orm: Orm, redis_client: "redis.Redis"
) -> None:
    async with world(consumer, None, tuning) as (traffic, _):
        async with traffic.flowing():
            for _ in range(3):
                await traffic.reach(200)
                redis_client.flushdb()
            await traffic.reach(200)
        await assert_all_agree(traffic, orm, consumer.counter)


@pytest.mark.timeout(180)
@pytest.mark.long
async def test_a_server_killed_and_started_again(
    consumer: Consumer, tuning: Tuning, orm: Orm, valkey: EmbeddedValkey
) -> None:
    async with world(consumer, valkey.url, tuning) as (traffic, _):
        async with traffic.flowing():
            for _ in range(2):
                await traffic.reach(300)
                kill(valkey)
                await asyncio.sleep(0.2)
                valkey.start()
            await traffic.reach(300)
        assert traffic.unavailable > 0
        await assert_all_agree(traffic, orm, counter_at(valkey.url, consumer))


@pytest.mark.timeout(180)
@pytest.mark.long
async def test_a_server_that_comes_back_with_older_data(
    consumer: Consumer, tuning: Tuning, orm: Orm, valkey: EmbeddedValkey
) -> None:
    """As after a failover to a replica that had not heard of the last seconds."""
    data = valkey.home / "valkey" / "appendonlydir"
    kept = valkey.home / "kept"
    async with world(consumer, valkey.url, tuning) as (traffic, _):
        async with traffic.flowing():
            await traffic.reach(300)
            # The file is written to while it is copied: its end may be cut in the middle of a command.
            shutil.copytree(data, kept)
            await traffic.reach(500)
            kill(valkey)
            shutil.rmtree(data)
            shutil.move(kept, data)
            for path in [data, *data.iterdir()]:
                valkey.account.own(path)
            valkey.start()
            await traffic.reach(300)
        await assert_all_agree(traffic, orm, counter_at(valkey.url, consumer))


@pytest.mark.timeout(180)
async def test_the_quota_holds_across_lost_data(
    consumer: Consumer, tuning: Tuning, orm: Orm, redis_client: "redis.Redis"
) -> None:
    async with world(consumer, None, tuning) as (traffic, _):
        client = traffic.clients[0]
        for _ in range(95):
            await traffic.call(client, included=100)
        # What was stored, what was not read yet, and what is in flight: all of it counts again.
        flying = [reserved(await client.reserve(consumer.call(included=100))) for _ in range(2)]
        redis_client.flushdb()
        before = traffic.answered
        await asyncio.gather(*(traffic.call(client, included=100) for _ in range(50)))
        # Who waited too long for the rebuild was told to come again.
        async with asyncio.timeout(60):
            while traffic.answered - before < 3:
                await traffic.call(client, included=100)
        await asyncio.gather(*(traffic.call(client, included=100) for _ in range(10)))
        assert traffic.answered - before == 3
        for reservation in flying:
            await client.settle(reservation, outcome())
            traffic.answered += 1
        assert traffic.answered == 100
        await assert_all_agree(traffic, orm, consumer.counter)


async def test_only_the_running_period_and_epoch_are_counted(
    client: CountersClient, consumer: Consumer, stranger: Consumer, orm: Orm
) -> None:
    consumer.subscription.quota_epoch = 3
    await orm(consumer.subscription.save)
    now = dt.datetime.now(dt.UTC)
    start, end = period_at("month", "subscription", consumer.subscription.anchored_at, now)

    def fill() -> None:
        QuotaFactory(plan=consumer.subscription.plan, name="daily", period="day", anchor="calendar")
        for moment, units in ((start, 1), (now, 2), (start - dt.timedelta(milliseconds=1), 100), (end, 100)):
            store(consumer, moment, units=units)
        store(consumer, now, units=100, quota_epoch=2)
        store(stranger, now, units=100, quota_epoch=3)

    await orm(fill)
    reservation = reserved(await client.reserve(consumer.call(included=1_000)))
    assert reservation.quotas[0].remaining == 1_000 - 3 - 1
    # The call is in the monthly counter only: its entitlement names no other. The daily one stands ready.
    assert consumer.counter() == 3 + 1 + 2


async def test_calls_in_flight_get_their_leases_back(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    shard = shard_of(consumer.subscription.pk)
    reservation = reserved(await client.reserve(consumer.call(units=5)))
    redis_client.flushdb()
    await meter.tick()
    assert consumer.counter() == 0
    await client._leases.renew(range(64))
    await client._link.send_to(0, "PING")
    assert consumer.counter() == 5
    assert redis_client.zscore(shard_key(shard, "inflight"), reservation.spec.event_id.hex) == (
        reservation.occurred_at.timestamp() * 1000
    )
    await client._leases.renew(range(64))
    await client._link.send_to(0, "PING")
    assert consumer.counter() == 5
    assert await client.settle(reservation, outcome(units=2)) is Settlement.SETTLED
    assert consumer.counter() == 2
