"""Counting on a Redis Cluster: each shard at its node, and what happens when that changes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis.crc import key_slot

from apps.core.health import readiness
from apps.core.redis_client import cluster_node_urls
from apps.usage import metrics
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import STATE_KEYS, in_flight
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, Refusal, Reservation, shard_of
from apps.usage.meter.runner import Meter
from tests.own_servers import kill
from tests.usage.cluster import Cluster
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, come_to_rest, eventually, make_calls, outcome, rate, reserved


@pytest.fixture(autouse=True)
def _counted_there(counts_on: Callable[[str], None]) -> None:
    counts_on("cluster")


@pytest.fixture
def consumers(cluster: Cluster, transactional_db: None) -> list[Consumer]:
    """One whose shard is at the first node, and one whose is at another."""
    found: dict[int, Consumer] = {}
    while len(found) < 2:
        consumer = Consumer.create()
        found.setdefault(cluster.node_of(slot_of(consumer)).port, consumer)
    return list(found.values())


def slot_of(consumer: Consumer) -> int:
    return int(key_slot(STATE_KEYS[shard_of(consumer.subscription.pk)].encode()))


async def passes(client: CountersClient, consumer: Consumer) -> bool:
    try:
        return isinstance(await client.reserve(consumer.call()), Reservation)
    except MeteringUnavailable:
        return False


def test_the_url_names_nodes() -> None:
    assert cluster_node_urls("rediss+cluster://u:p@a:1,b:2/?x=y") == [
        "rediss://u:p@a:1/0?x=y",
        "rediss://u:p@b:2/0?x=y",
    ]
    assert cluster_node_urls("redis://a:1/0") == []


async def test_calls_of_several_nodes_are_counted_and_stored_exactly(
    client: CountersClient, meter: Meter, consumers: list[Consumer], orm: Orm
) -> None:
    limits = (rate(100, 60_000),)
    for consumer in consumers:
        spec = {"included": 20, "rates": limits, "max_concurrent": 50}
        answers = await asyncio.gather(*(client.reserve(consumer.call(**spec)) for _ in range(40)))
        passed = [answer for answer in answers if isinstance(answer, Reservation)]
        assert (len(passed), sum(isinstance(answer, Refusal) for answer in answers)) == (20, 20)
        await asyncio.gather(*(client.settle(each, outcome()) for each in passed))
    await come_to_rest(client, meter)
    for consumer in consumers:
        assert (await orm(consumer.rows), consumer.counter()) == (20, 20)
    assert client.is_available
    assert all((await orm(readiness)).values())
    assert {metric.name: metric.samples[0].value for metric in await orm(lambda: list(metrics.collect()))}[
        "api_factory_usage_quarantined_entries"
    ] == 0


async def test_a_shard_that_was_given_to_another_node_goes_on_there(
    client: CountersClient, meter: Meter, consumers: list[Consumer], cluster: Cluster, orm: Orm
) -> None:
    consumer = consumers[0]
    await make_calls(client, consumer, 5)
    await come_to_rest(client, meter)
    flying = reserved(await client.reserve(consumer.call(max_concurrent=2)))
    slot = slot_of(consumer)
    before = cluster.node_of(slot)
    other = next(node for node in cluster.nodes if node is not before)
    names = [name for name in before.client.scan_iter() if key_slot(name) == slot]
    before.client.delete(*names)
    cluster.give(slot, other)
    try:
        # The client learns of it by its next call, and brings what it holds.
        await eventually(lambda: passes(client, consumer))
        assert await client.settle(flying, outcome()) == "settled"
        await come_to_rest(client, meter)
        assert await orm(consumer.rows) == 6
        assert consumer.counter() == 7
        assert other.client.scard(in_flight(consumer.subscription.pk)) == 0
    finally:
        other.client.delete(*[name for name in other.client.scan_iter() if key_slot(name) == slot])
        cluster.give(slot, before)


async def test_a_node_that_is_gone_takes_only_its_shards_along(
    consumers: list[Consumer], cluster: Cluster, tuning: Tuning
) -> None:
    away, here = consumers
    node = cluster.node_of(slot_of(away))
    async with CountersClient(tuning=replace(tuning, journal_seconds=0.05)) as client:
        reservations = [reserved(await client.reserve(each.call())) for each in consumers]
        kill(node)

        async def is_refused() -> bool:
            return not await passes(client, away)

        await eventually(is_refused)
        assert await client.settle(reservations[0], outcome()) == "deferred"
        assert not client.is_available
        assert await passes(client, here)
        node.start()
        await eventually(lambda: passes(client, away))
        await eventually(lambda: client.counts()["deferred"] == 0)
        assert client.is_available
