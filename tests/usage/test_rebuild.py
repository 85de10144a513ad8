"""Redis loses its data, its last second, or its life in the middle of traffic: everything still agrees."""

import asyncio
import contextlib
import datetime as dt
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import redis
from django.db import connection

from apps.plans.periods import period_at
from apps.usage.counters import generation as generation_module
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, Refusal, Settlement, shard_of
from apps.usage.meter.runner import Meter
from apps.usage.models import Rejection
from config.embedded.valkey import EmbeddedValkey
from tests.factories.plans import QuotaFactory
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome, reserved, store


@pytest.fixture
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey of the test's own with an append-only file, to be killed and started again."""
    folder = Path(tempfile.mkdtemp(prefix="api-factory-valkey-"))
    folder.chmod(0o711)
    server = EmbeddedValkey(folder, durable=True)
    server.start()
    yield server
    server.stop()
    for part in {folder, server.home}:
        shutil.rmtree(part)


def kill(server: EmbeddedValkey) -> None:
    """`kill -9`."""
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    server.process = None


@dataclass
class Traffic:
    """Calls through several clients, and what became of them."""

    consumer: Consumer
    clients: list[CountersClient]
    answered: int = 0
    refused: int = 0
    unavailable: int = 0
    abandoned: int = 0
    latencies: list[float] = field(default_factory=list)

    async def call(self, client: CountersClient, *, included: int = 10**6) -> None:
        try:
            answer = await client.reserve(self.consumer.call(included=included))
        except MeteringUnavailable:
            self.unavailable += 1
            await asyncio.sleep(0.01)
            return
        if isinstance(answer, Refusal):
            self.refused += 1
            return
        await asyncio.sleep(0.005)  # the backend
        if await client.settle(answer, outcome()) is Settlement.ABANDONED:
            self.abandoned += 1
        else:
            self.answered += 1

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Ten callers at each client, until the block is left."""
        stopped = asyncio.Event()

        async def caller(client: CountersClient) -> None:
            while not stopped.is_set():
                await self.call(client)

        callers = [asyncio.create_task(caller(client)) for client in self.clients for _ in range(10)]
        try:
            yield
        finally:
            stopped.set()
            await asyncio.gather(*callers)

    async def reach(self, more: int) -> None:
        """Wait until so many further calls were answered."""
        wanted = self.answered + more
        await eventually(lambda: self.answered >= wanted, seconds=60)


@contextlib.asynccontextmanager
async def world(consumer: Consumer, url: str | None, tuning: Tuning) -> AsyncIterator[tuple[Traffic, Meter]]:
    """Three gateway processes' clients and a meter that runs."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(CountersClient(url, tuning=tuning)) for _ in range(3)]
        meter = Meter(url, tuning=replace(tuning, complete_seconds=0.1, poll_seconds=0.02, sweep_seconds=0.2))
        await meter.start()
        stopping = asyncio.Event()
        run = asyncio.create_task(meter.run(stopping))
        try:
            yield Traffic(consumer, clients), meter
        finally:
            stopping.set()
            await run
            await meter.stop()


async def assert_all_agree(traffic: Traffic, orm: Orm, counter: Callable[[], int]) -> None:
    """Rows, counter and answers come to the same."""

    async def stored() -> bool:
        return await orm(traffic.consumer.rows) >= traffic.answered

    await eventually(stored, seconds=60)
    await eventually(lambda: counter() == traffic.answered, seconds=60)
    await eventually(lambda: all(not sum(client.counts().values()) for client in traffic.clients), seconds=60)
    assert await orm(traffic.consumer.rows) == traffic.answered
    assert await orm(traffic.consumer.stored_units) == traffic.answered
    assert counter() == traffic.answered
    assert traffic.abandoned == 0
    assert await orm(Rejection.objects.filter(code="abandoned").count) == 0


def counter_at(url: str, consumer: Consumer) -> Callable[[], int]:
    def counter() -> int:
        with redis.Redis.from_url(url) as client:
            return sum(int(client.get(name) or 0) for name in client.scan_iter(f"*q:{consumer.subscription.pk}:*"))

    return counter


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
    start, end = period_at("month", "subscription", consumer.subscription.started_at, now)

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
    await client._link.send("PING")
    assert consumer.counter() == 5
    assert redis_client.zscore(shard_key(shard, "inflight"), reservation.spec.event_id.hex) == (
        reservation.occurred_at.timestamp() * 1000
    )
    await client._leases.renew(range(64))
    await client._link.send("PING")
    assert consumer.counter() == 5
    assert await client.settle(reservation, outcome(units=2)) is Settlement.SETTLED
    assert consumer.counter() == 2


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


async def passes(client: CountersClient, consumer: Consumer) -> bool:
    try:
        reserved(await client.reserve(consumer.call()))
    except MeteringUnavailable:
        return False
    return True


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
