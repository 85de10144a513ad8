import asyncio
import json

import redis

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.types import Reservation, Settlement, shard_of
from tests.usage.support import Consumer, entries, expire_leases, outcome, reserved, sweep


async def test_settling_bills_the_units_of_the_answer(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(units=10)))
    assert consumer.counter() == 10
    assert await client.settle(reservation, outcome(units=4)) is Settlement.SETTLED
    assert consumer.counter() == 4
    (entry,) = entries(redis_client, consumer)
    assert entry["k"] == "event"
    assert entry["i"] == reservation.spec.event_id.hex
    assert int(entry["t"]) == reservation.occurred_at.timestamp() * 1000
    assert json.loads(entry["d"])["n"] == 4


async def test_settling_three_times_counts_once(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call()))
    answers = [await client.settle(reservation, outcome()) for _ in range(3)]
    assert answers == [Settlement.SETTLED, Settlement.ALREADY, Settlement.ALREADY]
    assert len(entries(redis_client, consumer)) == 1
    assert consumer.counter() == 1


async def test_a_call_that_the_backend_failed_gives_its_units_back(client: CountersClient, consumer: Consumer) -> None:
    reservation = reserved(await client.reserve(consumer.call(included=1)))
    await client.settle(reservation, outcome(units=0, status=504, outcome="upstream_timeout"))
    assert consumer.counter() == 0
    assert isinstance(await client.reserve(consumer.call(included=1)), Reservation)


async def test_a_call_whose_lease_ran_out_is_refunded_and_not_billed_later(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(units=5)))
    await expire_leases(client, redis_client, consumer)
    assert consumer.counter() == 0
    assert await client.settle(reservation, outcome()) is Settlement.ABANDONED
    assert [entry["k"] for entry in entries(redis_client, consumer)] == ["abandoned"]
    assert client.counts() == {"in_flight": 0, "deferred": 0, "held": 0}


async def test_the_first_sweep_after_a_pause_gives_everybody_one_more_term(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    shard = shard_of(consumer.subscription.pk)
    await client.reserve(consumer.call())
    (name,) = redis_client.zrange(shard_key(shard, "leases"), 0, -1)
    redis_client.zadd(shard_key(shard, "leases"), {name: 1})
    await sweep(client, shard)
    assert redis_client.zscore(shard_key(shard, "leases"), name) > 1
    assert consumer.counter() == 1


async def test_a_process_hears_of_its_abandoned_calls_once(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    told: list[str] = []
    lost, kept = consumer.call(), consumer.call()
    await client.reserve(lost, on_abandoned=lambda: told.append("lost"))
    await expire_leases(client, redis_client, consumer)
    await client.reserve(kept, on_abandoned=lambda: told.append("kept"))
    for _ in range(3):
        await client._leases.renew(range(64))
    assert told == ["lost"]
    assert client.counts()["in_flight"] == 1


async def test_a_heartbeat_renews_the_leases(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    leases = shard_key(shard_of(consumer.subscription.pk), "leases")
    await client.reserve(consumer.call())
    (name,) = redis_client.zrange(leases, 0, -1)
    redis_client.zadd(leases, {name: 1})
    await client._leases.renew(range(64))
    seconds, _ = redis_client.time()
    assert (seconds + 25) * 1000 < redis_client.zscore(leases, name) < (seconds + 35) * 1000


async def test_a_dead_stream_is_billed_as_far_as_it_had_come(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(units=100)))
    client._leases._live[reservation.spec.event_id].since -= 31
    client.progress(reservation, outcome(units=10))
    client.progress(reservation, outcome(units=30, outcome="streaming"))
    await client._leases.renew(range(64))
    await expire_leases(client, redis_client, consumer)
    assert consumer.counter() == 30
    (entry,) = entries(redis_client, consumer)
    assert (entry["k"], entry["u"], entry["c"]) == ("event", "30", reservation.counters[0])
    assert json.loads(entry["d"])["o"] == "streaming"
    assert await client.settle(reservation, outcome(units=100)) is Settlement.ABANDONED
    assert consumer.counter() == 30


async def test_a_young_stream_that_dies_is_not_billed(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(units=100)))
    client.progress(reservation, outcome(units=10))
    await client._leases.renew(range(64))
    await expire_leases(client, redis_client, consumer)
    assert [entry["k"] for entry in entries(redis_client, consumer)] == ["abandoned"]


async def test_after_lost_data_the_event_is_kept_and_appended(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    first = reserved(await client.reserve(consumer.call()))
    second = reserved(await client.reserve(consumer.call()))
    client._leases.end(first)  # so that its lease is not brought back
    redis_client.flushdb()
    assert await client.settle(first, outcome()) is Settlement.DEFERRED
    await client.reserve(consumer.call())  # rebuilds, and brings back what is held
    assert [(entry["k"], entry["i"]) for entry in entries(redis_client, consumer)] == [
        ("replay", first.spec.event_id.hex)
    ]
    assert consumer.counter() == 3
    assert await client.settle(second, outcome()) is Settlement.SETTLED
    assert consumer.counter() == 3


async def test_an_unknown_lease_is_said_to_be_unknown_and_its_event_appended(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call()))
    client._leases.end(reservation)
    redis_client.flushdb()
    await client.reserve(consumer.call())
    assert await client.settle(reservation, outcome()) is Settlement.UNKNOWN
    await client._journal.poll()
    await asyncio.sleep(0)
    await client.reserve(consumer.call())
    assert [entry["i"] for entry in entries(redis_client, consumer)] == [reservation.spec.event_id.hex]
    assert consumer.counter() == 3


async def test_a_replay_is_not_appended_twice(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservations = [reserved(await client.reserve(consumer.call())) for _ in range(5)]
    for reservation in reservations:
        await client.settle(reservation, outcome())
    shard = shard_of(consumer.subscription.pk)
    # The server has kept its data and got a new life, as after a restart with an append-only file.
    redis_client.hset(shard_key(shard, "state"), "gen", "0" * 40 + ":before")
    await client.reserve(consumer.call())
    for _ in range(3):
        await client._journal.poll()
    assert len(entries(redis_client, consumer)) == 5
    assert consumer.counter() == 6


async def test_a_cancelled_settlement_is_settled_all_the_same(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservations = [reserved(await client.reserve(consumer.call())) for _ in range(20)]
    tasks = [asyncio.create_task(client.settle(reservation, outcome())) for reservation in reservations]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    await client._journal.poll()
    await client.reserve(consumer.call())
    assert len(entries(redis_client, consumer)) == 20
    assert client.counts()["deferred"] == 0
    assert client.counts()["held"] == 20
