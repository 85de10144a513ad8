"""What was settled is stored exactly once, whatever becomes of the meter."""

import asyncio
import datetime as dt

import pytest
import redis
from django.db import connection

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.types import shard_of
from apps.usage.meter.batch import parse_batch
from apps.usage.meter.runner import Meter
from apps.usage.meter.store import load_positions, store_batch
from apps.usage.models import EndpointDay, StaleCounter, SubscriptionDay, SubscriptionEndpointDay, UsageRollup
from apps.usage.selectors import quota_usage
from tests.usage.conftest import MeterFactory, Orm
from tests.usage.support import Consumer, drain, eventually, make_calls, outcome, reserved, tick


async def test_what_was_settled_is_stored_once(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    await make_calls(client, consumer, 30)
    await make_calls(client, consumer, 5, units=3, status=404)
    await make_calls(client, consumer, 2, units=0, status=502)
    await drain(meter)
    await drain(meter)
    assert await orm(consumer.rows) == 37
    assert await orm(consumer.stored_units) == 45
    assert consumer.counter() == 45
    (quota,) = await orm(quota_usage, consumer.subscription)
    assert quota.used == 45
    rollups = await orm(lambda: list(UsageRollup.objects.all()))
    assert sum(rollup.calls for rollup in rollups) == 37
    assert sum(rollup.units for rollup in rollups) == 45
    assert sum(rollup.client_errors for rollup in rollups) == 5
    assert sum(rollup.server_errors for rollup in rollups) == 2
    assert sum(sum(rollup.latency_counts) for rollup in rollups) == 37
    # The process may forget them now, and does.
    await client._journal.poll()
    assert client.counts() == {"in_flight": 0, "deferred": 0, "held": 0}


async def test_a_process_keeps_its_events_until_the_meter_has_stored_them(
    client: CountersClient, consumer: Consumer, meter: Meter
) -> None:
    await make_calls(client, consumer, 10)
    await client._journal.poll()
    assert client.counts()["held"] == 10
    await meter.tick()
    await client._journal.poll()
    assert client.counts()["held"] == 0


async def test_every_column_of_an_event_arrives(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    from apps.usage.models import UsageEvent

    spec = consumer.call(method="POST", path="/a\x00\ud800é" + "x" * 2000, units=7)
    reservation = reserved(await client.reserve(spec))
    result = outcome(units=5, status=201, duration_us=3, origin_us=2, request_bytes=1, response_bytes=4)
    await client.settle(reservation, result)
    await drain(meter)
    row = await orm(UsageEvent.objects.get)
    assert (row.pk, row.occurred_at) == (spec.event_id, reservation.occurred_at)
    assert (row.subscription_id, row.product_id) == (spec.subscription_id, spec.product_id)
    assert (row.endpoint_id, row.api_key_id, row.quota_epoch) == (spec.endpoint_id, spec.api_key_id, spec.quota_epoch)
    assert (row.units, row.status, row.outcome) == (5, 201, "completed")
    assert (row.duration_us, row.origin_us, row.request_bytes, row.response_bytes) == (3, 2, 1, 4)
    assert row.method == "POST"
    assert row.path.startswith("/a\ufffd?éx")
    assert len(row.path) == 1000


@pytest.mark.parametrize("step", ["read", "storing", "stored", "marked"])
@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("redis_too", [False, True], ids=["", "and_redis_loses_its_data"])
async def test_a_meter_killed_at_any_step_loses_and_doubles_nothing(
    client: CountersClient,
    consumer: Consumer,
    make_meter: MeterFactory,
    orm: Orm,
    killed: type[BaseException],
    redis_client: "redis.Redis",
    step: str,
    after: int,
    redis_too: bool,
) -> None:
    await drain(await make_meter())  # all shards have begun
    await make_calls(client, consumer, 25)
    seen = 0

    def kill(name: str) -> None:
        nonlocal seen
        seen += name == step
        if seen == after and name == step:
            raise killed

    victim = await make_meter(kill, batch_entries=10)
    with pytest.raises(killed):
        await tick(victim, times=10)
    if redis_too:
        redis_client.flushdb()
    await make_calls(client, consumer, 5)
    survivor = await make_meter(batch_entries=10)
    await drain(survivor)
    assert await orm(consumer.rows) == 30
    assert consumer.counter() == 30
    assert await orm(lambda: sum(UsageRollup.objects.values_list("calls", flat=True))) == 30
    await survivor.tick()
    await client._journal.poll()
    assert client.counts()["held"] == 0


async def test_the_same_batch_is_stored_once(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    await drain(meter)
    await make_calls(client, consumer, 10)
    (batch,) = [batch for batch in await meter._read(False) if batch.entries]  # noqa: FBT003
    assert await orm(store_batch, batch, lambda: None) == 0
    assert await orm(store_batch, batch, lambda: None) is None
    # A meter that does not know of it reads it again and finds that it is behind.
    await drain(meter)
    assert await orm(consumer.rows) == 10
    assert consumer.counter() == 10


async def test_several_meters_at_once_store_everything_once(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, orm: Orm
) -> None:
    stopping = asyncio.Event()
    meters = [await make_meter(batch_entries=7, poll_seconds=0.01) for _ in range(3)]
    runs = [asyncio.create_task(meter.run(stopping)) for meter in meters]
    # Of another shard, at the same endpoint: two meters add to the same row.
    neighbor = await orm(consumer.neighbor)
    for _ in range(10):
        await asyncio.gather(make_calls(client, consumer, 30), make_calls(client, neighbor, 30))
    await eventually(lambda: client.counts()["held"] == 0)
    stopping.set()
    await asyncio.gather(*runs)
    assert await orm(consumer.rows) == await orm(neighbor.rows) == 300
    assert consumer.counter() == 300
    for model in (UsageRollup, SubscriptionDay, SubscriptionEndpointDay, EndpointDay):
        assert await orm(lambda model=model: sum(model.objects.values_list("calls", flat=True))) == 600


async def test_a_meter_waits_for_postgres_and_goes_on(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, orm: Orm, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(table: str, to: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {to}")

    meter, stopping = await make_meter(poll_seconds=0.01), asyncio.Event()
    await drain(meter)
    await orm(rename, "usage_usagerollup", "elsewhere")
    run = asyncio.create_task(meter.run(stopping))
    try:
        await make_calls(client, consumer, 10)
        await eventually(lambda: "nothing stored" in caplog.text)
        assert await orm(consumer.rows) == 0
    finally:
        await orm(rename, "elsewhere", "usage_usagerollup")
    await eventually(lambda: client.counts()["held"] == 0)
    stopping.set()
    await run
    assert await orm(consumer.rows) == 10


async def test_a_call_that_was_settled_twice_is_stored_once(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    reservation = reserved(await client.reserve(consumer.call()))
    await client.settle(reservation, outcome())
    # Settling again finds "already", and the process goes on holding the event: Redis' word is not enough.
    await client.settle(reservation, outcome())
    assert client.counts()["held"] == 2
    await drain(meter)
    assert await orm(consumer.rows) == 1


async def test_a_commit_between_rebuild_and_reading_is_counted(
    client: CountersClient, consumer: Consumer, make_meter: MeterFactory, orm: Orm, redis_client: "redis.Redis"
) -> None:
    """A meter read entries, Redis lost everything and was rebuilt, and only then that meter commits."""
    state = shard_key(shard_of(consumer.subscription.pk), "state")
    await drain(await make_meter())
    await make_calls(client, consumer, 10)
    slow, fresh = await make_meter(), await make_meter()
    slow._positions = await orm(load_positions)
    (batch,) = [batch for batch in await slow._read(False) if batch.entries]  # noqa: FBT003
    async with CountersClient() as other:
        # The process that made the calls is gone with its journal, and Redis with its data.
        client._journal._held = [type(held)() for held in client._journal._held]
        redis_client.flushdb()
        await other.reserve(consumer.call())
        assert consumer.counter() == 1
        assert await orm(store_batch, batch, lambda: None) == 0
        await drain(fresh)
        assert await orm(consumer.rows) == 10
        assert consumer.counter() == 11
        assert await orm(StaleCounter.objects.count) == 0
        assert redis_client.hget(state, "gen")


def test_a_batch_says_where_it_ends() -> None:
    from apps.usage.meter.batch import Position

    asked = Position("run:1", "5-0")
    reply = [b"read", b"run:2", b"run:1 5-0", b"3-0", b"1000", [[b"4-0", [b"k", b"marker"]], [b"9-1", [b"k", b"x"]]]]
    batch = parse_batch(7, asked, reply)
    assert batch.end == Position("run:2", "9-1")
    assert batch.complete_until == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    assert parse_batch(7, asked, [*reply[:4], b"", []]).end == Position("run:2", "3-0")
