"""Redis or Postgres is away, or a rebuild cannot be finished: calls are refused at once, and found again later."""

import asyncio
import contextlib
import signal
from dataclasses import replace

import pytest
import redis
from django.db import connection

from apps.usage.counters import generation as generation_module
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, Settlement, shard_of
from config.embedded.valkey import EmbeddedValkey
from tests.own_servers import kill
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome, reserved
from tests.usage.traffic import counter_at


async def passes(client: CountersClient, consumer: Consumer) -> bool:
    try:
        reserved(await client.reserve(consumer.call()))
    except MeteringUnavailable:
        return False
    return True


async def test_only_one_process_rebuilds_and_all_go_on(
    consumer: Consumer, tuning: Tuning, redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger=generation_module.__name__)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(CountersClient(tuning=tuning)) for _ in range(4)]
        answers = await asyncio.gather(*(client.reserve(consumer.call()) for client in clients for _ in range(25)))
    assert {reserved(answer).generation for answer in answers} == {
        redis_client.hget(shard_key(shard_of(consumer.subscription.pk), "state"), "gen").decode()
    }
    assert sum("rebuilt" in message for message in caplog.messages) == 1
    assert consumer.counter() == 100


async def test_a_lock_that_nobody_gives_up_is_not_waited_for_for_ever(
    consumer: Consumer, tuning: Tuning, redis_client: "redis.Redis"
) -> None:
    lock = shard_key(shard_of(consumer.subscription.pk), "lock")
    redis_client.set(lock, "a process that died", px=60_000)
    async with CountersClient(tuning=replace(tuning, rebuild_wait_seconds=0.2)) as client:
        with pytest.raises(MeteringUnavailable):
            await client.reserve(consumer.call())
        redis_client.pexpire(lock, 1)
        await eventually(lambda: passes(client, consumer))


async def test_without_postgres_nothing_is_guessed(
    client: CountersClient, consumer: Consumer, orm: Orm, redis_client: "redis.Redis"
) -> None:
    await client.reserve(consumer.call())

    def rename(table: str, to: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {to}")

    redis_client.flushdb()
    await orm(rename, "usage_streamposition", "elsewhere")
    try:
        with pytest.raises(MeteringUnavailable, match="rebuilt"):
            await client.reserve(consumer.call())
        # The next one is refused without asking Postgres again.
        with pytest.raises(MeteringUnavailable, match="a moment ago"):
            await client.reserve(consumer.call())
    finally:
        await orm(rename, "elsewhere", "usage_streamposition")
    await eventually(lambda: passes(client, consumer))


async def test_a_server_that_is_gone_is_noticed_at_once_and_found_again(
    consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey
) -> None:
    async with CountersClient(valkey.url, tuning=tuning) as client:
        reservation = reserved(await client.reserve(consumer.call()))
        kill(valkey)
        async with asyncio.timeout(5):
            with pytest.raises(MeteringUnavailable):
                await client.reserve(consumer.call())
            assert await client.settle(reservation, outcome()) is Settlement.DEFERRED
        assert not client.is_available
        valkey.start()
        await eventually(lambda: passes(client, consumer))
        await eventually(lambda: client.counts()["deferred"] == 0)
        assert client.counts()["held"] == 1


async def test_a_server_that_hangs_is_not_waited_for(
    consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey
) -> None:
    async with CountersClient(valkey.url, tuning=tuning) as client:
        await client.reserve(consumer.call())
        assert valkey.process is not None
        valkey.process.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(5):
                with pytest.raises(MeteringUnavailable):
                    await client.reserve(consumer.call())
                with pytest.raises(MeteringUnavailable):
                    await client.reserve(consumer.call())
        finally:
            valkey.process.send_signal(signal.SIGCONT)
        await eventually(lambda: passes(client, consumer))
        # What the server carried out after all has been given back.
        await eventually(lambda: client.counts()["deferred"] == 0)
        assert counter_at(valkey.url, consumer)() == client.counts()["in_flight"]


async def test_starting_without_redis(consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey) -> None:
    kill(valkey)
    client = CountersClient(valkey.url, tuning=tuning)
    await client.start()
    with pytest.raises(MeteringUnavailable):
        await client.reserve(consumer.call())
    valkey.start()
    await eventually(lambda: passes(client, consumer))
    await client.stop()


async def test_a_replica_is_no_place_for_counters(consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey) -> None:
    async with CountersClient(valkey.url, tuning=tuning) as client:
        before = reserved(await client.reserve(consumer.call())).generation
        with redis.Redis.from_url(valkey.url) as admin:
            admin.replicaof("127.0.0.1", "1")
            with pytest.raises(MeteringUnavailable):
                await client.reserve(consumer.call())
            await eventually(lambda: not client.is_available)
            admin.replicaof("NO", "ONE")
        # The same process under the same run id: its data may have been replaced all the same.
        await eventually(lambda: passes(client, consumer))
        assert reserved(await client.reserve(consumer.call())).generation != before
