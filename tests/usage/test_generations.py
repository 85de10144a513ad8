"""Positions, ids and leases where Redis and Postgres are of different times."""

import asyncio
import datetime as dt

import redis

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import STATE_KEYS, shard_key
from apps.usage.counters.scripts import MARK
from apps.usage.counters.types import shard_of
from apps.usage.meter.runner import Meter
from apps.usage.models import StreamPosition
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, come_to_rest, drain, make_calls, outcome, reserved, store

# Ids that the server's clock reaches in the year 2286.
FAR = "9999999999999-5"


def move_position(consumer: Consumer, generation: str) -> None:
    StreamPosition.objects.filter(shard=shard_of(consumer.subscription.pk)).update(generation=generation, stream_id=FAR)


async def test_a_position_of_another_generation_hides_nothing(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    """A meter was still at a server that was given up, and stored from there after the new one had begun."""
    await make_calls(client, consumer, 3)
    await drain(meter)
    await orm(move_position, consumer, "elsewhere:1")
    await make_calls(client, consumer, 4)
    meter._positions = {}
    await drain(meter)
    assert await orm(consumer.rows) == 7
    assert consumer.counter() == 7


async def test_new_ids_lie_behind_the_stored_position(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    """The server came back without its last entries, and with a clock that is behind."""
    await make_calls(client, consumer, 3)
    await drain(meter)
    await client._journal.poll()
    redis_client.hset(shard_key(shard_of(consumer.subscription.pk), "state"), "gen", "before:1")
    await orm(move_position, consumer, "before:1")
    meter._positions = {}
    await make_calls(client, consumer, 4)
    await drain(meter)
    assert await orm(consumer.rows) == 7
    assert consumer.counter() == 7


async def test_a_rebuild_renews_every_lease(
    client: CountersClient, consumer: Consumer, meter: Meter, redis_client: "redis.Redis"
) -> None:
    shard = shard_of(consumer.subscription.pk)
    reservation = reserved(await client.reserve(consumer.call()))
    client._leases.end(reservation)  # of a process that is slow to come back
    await meter.sweep()
    redis_client.zadd(shard_key(shard, "leases"), {reservation.spec.event_id.hex: 1})
    redis_client.hset(shard_key(shard, "state"), "gen", "before:1")
    await meter.tick()
    await meter.sweep()
    assert redis_client.hlen(shard_key(shard, "lease")) == 1
    assert consumer.counter() == 1


async def test_a_lease_of_a_stored_call_is_dropped_by_the_rebuild(
    client: CountersClient, consumer: Consumer, meter: Meter, redis_client: "redis.Redis"
) -> None:
    """The end of the call was lost with the last second of the server's data."""
    shard = shard_of(consumer.subscription.pk)
    reservation = reserved(await client.reserve(consumer.call()))
    name = reservation.spec.event_id.hex
    lease = redis_client.hget(shard_key(shard, "lease"), name)
    await client.settle(reservation, outcome())
    await drain(meter)
    await client._journal.poll()
    redis_client.hset(shard_key(shard, "lease"), name, lease)
    redis_client.zadd(shard_key(shard, "leases"), {name: 10**13})
    redis_client.hset(shard_key(shard, "state"), "gen", "before:1")
    await drain(meter)
    assert redis_client.hlen(shard_key(shard, "lease")) == 0
    assert consumer.counter() == 1


async def test_a_snapshot_that_is_behind_what_was_trimmed_is_taken_again(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    """Between the snapshot and the rebuild a meter stored entries and trimmed them away."""
    state = shard_key(shard_of(consumer.subscription.pk), "state")
    await make_calls(client, consumer, 5)
    await drain(meter)
    await make_calls(client, consumer, 5)
    redis_client.hset(state, "gen", "before:1")
    run, snapshots = client._database.run, 0

    async def slow(function: object, *arguments: object) -> object:
        nonlocal snapshots
        result = await run(function, *arguments)  # type: ignore[arg-type]
        if getattr(function, "__name__", "") == "read_baseline":
            snapshots += 1
            if snapshots == 1:
                stream = shard_key(shard_of(consumer.subscription.pk), "stream")
                last = redis_client.xrevrange(stream, count=1)[0][0].decode()
                redis_client.hset(state, "trimmed", f"{int(last.split('-')[0]) + 1}-0")
        return result

    client._database.run = slow  # type: ignore[assignment]
    await client.reserve(consumer.call())
    client._database.run = run  # type: ignore[method-assign]
    assert snapshots == 2


async def test_generations_follow_one_another_under_load(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    state = shard_key(shard_of(consumer.subscription.pk), "state")
    for _ in range(4):
        calls = asyncio.create_task(make_calls(client, consumer, 20))
        await asyncio.sleep(0.01)
        redis_client.hset(state, "gen", "before:1")
        await calls
        await meter.tick()
    await come_to_rest(client, meter)
    assert await orm(consumer.rows) == 80
    assert consumer.counter() == 80


async def test_a_mark_of_another_generation_is_not_believed(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    """A meter that committed what it had read before the data was lost."""
    shard = shard_of(consumer.subscription.pk)
    await make_calls(client, consumer, 3)
    before = redis_client.hget(shard_key(shard, "state"), "mark")
    reply = await client._link.run(MARK, [STATE_KEYS[shard]], "before:1", FAR, 5_000)
    assert reply == [b"stale"]
    assert redis_client.hget(shard_key(shard, "state"), "mark") == before
    await client._journal.poll()
    assert client.counts()["held"] == 3


async def test_a_server_whose_clock_is_behind_counts_the_period_that_had_begun(
    client: CountersClient, orm: Orm, redis_client: "redis.Redis", daily: Consumer
) -> None:
    tomorrow = dt.datetime.now(dt.UTC).replace(hour=12) + dt.timedelta(days=1)

    def fill() -> None:
        store(daily, tomorrow, units=7)
        StreamPosition.objects.update_or_create(
            shard=shard_of(daily.subscription.pk), defaults={"complete_until": tomorrow}
        )

    await orm(fill)
    reservation = reserved(await client.reserve(daily.call(included=10)))
    assert reservation.occurred_at >= tomorrow
    assert reservation.quotas[0].remaining == 2
