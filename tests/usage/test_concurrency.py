"""The limit on calls in flight: places are leases, so every way that ends a lease frees its place."""

import asyncio
from typing import Any

import pytest
import redis

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import in_flight, shard_key
from apps.usage.counters.types import CallSpec, Refusal, RefusedBy, Reservation, shard_of
from tests.usage.support import Consumer, eventually, expire_leases, outcome, rate, reserved


@pytest.fixture
def places(consumer: Consumer, redis_client: "redis.Redis") -> Any:
    """How many calls of the consumer hold a place."""
    return lambda: redis_client.scard(in_flight(consumer.subscription.pk))


def call(consumer: Consumer, most: int = 3, **values: Any) -> CallSpec:
    return consumer.call(max_concurrent=most, **values)


async def test_exactly_so_many_are_in_flight_at_once(
    client: CountersClient, consumer: Consumer, places: Any, redis_client: "redis.Redis"
) -> None:
    limits = (rate(100, 60_000),)
    async with CountersClient() as other:
        answers = await asyncio.gather(
            *(each.reserve(call(consumer, 5, rates=limits)) for each in (client, other) for _ in range(50))
        )
    passed = [answer for answer in answers if isinstance(answer, Reservation)]
    assert sorted(one.rates[-1].remaining for one in passed) == [0, 1, 2, 3, 4]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {(one.by, one.violated[0].name, one.violated[0].limit, one.retry_after_seconds) for one in refused} == {
        (RefusedBy.RATE, "concurrency", 5, 1)
    }
    # What was refused took nothing of the other limits.
    assert min(one.rates[0].remaining for one in passed) == 95
    assert consumer.counter() == 5
    await client.settle(passed[0], outcome())
    again = reserved(await client.reserve(call(consumer, 5)))
    assert again.rates[-1].remaining == 0
    assert 0 < redis_client.pttl(in_flight(consumer.subscription.pk)) <= 24 * 3600 * 1000


async def test_every_end_of_a_call_frees_its_place_once(
    client: CountersClient, consumer: Consumer, places: Any, redis_client: "redis.Redis"
) -> None:
    completed, failed = [reserved(await client.reserve(call(consumer))) for _ in range(2)]
    for _ in range(3):
        await client.settle(completed, outcome())
    await client.settle(failed, outcome(units=0, status=504, outcome="upstream_timeout"))
    # Taken back by who does not wait for it any more.
    task = asyncio.create_task(client.reserve(call(consumer)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await eventually(lambda: places() == 0)
    assert not redis_client.exists(in_flight(consumer.subscription.pk))


async def test_a_killed_process_gives_its_places_back_when_its_leases_end(
    client: CountersClient, consumer: Consumer, places: Any, redis_client: "redis.Redis"
) -> None:
    for _ in range(3):
        reserved(await client.reserve(call(consumer)))
    assert isinstance(await client.reserve(call(consumer)), Refusal)
    await expire_leases(client, redis_client, consumer)
    assert places() == 0
    assert isinstance(await client.reserve(call(consumer)), Reservation)


async def test_after_lost_data_what_is_in_flight_counts_again(
    client: CountersClient, consumer: Consumer, places: Any, redis_client: "redis.Redis"
) -> None:
    flying = [reserved(await client.reserve(call(consumer))) for _ in range(2)]
    redis_client.flushdb()
    third = reserved(await client.reserve(call(consumer)))
    assert isinstance(await client.reserve(call(consumer)), Refusal)
    # A new life of the server with its data kept.
    shard = shard_of(consumer.subscription.pk)
    redis_client.hset(shard_key(shard, "state"), "gen", "0" * 40 + ":before")
    assert isinstance(await client.reserve(call(consumer)), Refusal)
    for reservation in (*flying, third):
        await client.settle(reservation, outcome())
    assert places() == 0


async def test_a_changed_limit_holds_at_once_and_neighbors_have_their_own(
    client: CountersClient, consumer: Consumer, stranger: Consumer
) -> None:
    for _ in range(2):
        reserved(await client.reserve(call(consumer, 2)))
    assert isinstance(await client.reserve(call(consumer, 2)), Refusal)
    assert isinstance(await client.reserve(call(stranger, 2)), Reservation)
    assert isinstance(await client.reserve(call(consumer, 3)), Reservation)
    assert isinstance(await client.reserve(call(consumer, 1)), Refusal)
    assert isinstance(await client.reserve(consumer.call()), Reservation), "without a limit any number passes"
