import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import redis
from django.db import connection

from apps.core.ids import uuid7
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import RejectedCall, shard_of
from apps.usage.meter.batch import parse_batch
from apps.usage.meter.runner import Meter
from apps.usage.meter.store import load_positions, store_batch
from apps.usage.models import QuarantinedEntry, Rejection, StaleCounter, StreamPosition, UsageRollup
from apps.usage.selectors import quota_usage
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome, reserved
from tests.usage.test_settle import expire_leases

MeterFactory = Callable[..., Awaitable[Meter]]


@pytest_asyncio.fixture
async def make_meter(transactional_db: None, tuning: Tuning) -> AsyncIterator[MeterFactory]:
    """Further meters, with an observer each."""
    meters: list[Meter] = []

    async def make(observe: Callable[[str], None] = lambda _: None, **changes: Any) -> Meter:
        meter = Meter(tuning=replace(tuning, complete_seconds=0.0, **changes), observe=observe)
        meters.append(meter)
        await meter.start()
        return meter

    yield make
    for meter in meters:
        await meter.stop()


async def make_calls(client: CountersClient, consumer: Consumer, count: int, **values: Any) -> None:
    reservations = await asyncio.gather(*(client.reserve(consumer.call()) for _ in range(count)))
    await asyncio.gather(*(client.settle(reserved(each), outcome(**values)) for each in reservations))


async def tick(meter: Meter, *, times: int) -> None:
    for _ in range(times):
        await meter.tick()


async def drain(meter: Meter) -> None:
    while await meter.tick():
        pass


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
    for _ in range(20):
        await make_calls(client, consumer, 15)
    await eventually(lambda: client.counts()["held"] == 0)
    stopping.set()
    await asyncio.gather(*runs)
    assert await orm(consumer.rows) == 300
    assert consumer.counter() == 300
    assert await orm(lambda: sum(UsageRollup.objects.values_list("calls", flat=True))) == 300


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


async def test_an_event_that_redis_knows_and_postgres_lost_is_stored_again(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    reservation = reserved(await client.reserve(consumer.call()))
    await client.settle(reservation, outcome())
    # Settling again finds "already", and the process goes on holding the event: nothing is dropped on that word.
    await client.settle(reservation, outcome())
    assert client.counts()["held"] == 2
    await drain(meter)
    assert await orm(consumer.rows) == 1


async def test_what_cannot_be_decoded_goes_to_quarantine_and_stops_nobody(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    await drain(meter)
    stream = shard_key(shard_of(consumer.subscription.pk), "stream")
    await make_calls(client, consumer, 3)
    (event,) = redis_client.xrevrange(stream, count=1)
    redis_client.xadd(stream, {"k": "event", "d": "not json\x00"})
    redis_client.xadd(stream, {"unheard": "of"})
    redis_client.xadd(stream, event[1] | {b"i": uuid7().hex, b"d": event[1][b"d"].replace(b'"n":1', b'"n":-1')})
    redis_client.xadd(stream, event[1] | {b"i": uuid7().hex, b"t": b"9" * 30})
    await make_calls(client, consumer, 3)
    await drain(meter)
    assert await orm(consumer.rows) == 6
    quarantined = await orm(lambda: list(QuarantinedEntry.objects.order_by("pk")))
    assert len(quarantined) == 4
    assert quarantined[0].fields["d"] == "not json\ufffd"
    assert all(entry.error for entry in quarantined)
    assert consumer.counter() == 6


async def test_what_postgres_refuses_goes_to_quarantine_and_stops_nobody(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    def execute(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    await orm(execute, "ALTER TABLE usage_usageevent ADD CONSTRAINT no_poison CHECK (path <> '/poison')")
    try:
        for path in ("/get", "/poison", "/get"):
            await client.settle(reserved(await client.reserve(consumer.call(path=path))), outcome())
        await drain(meter)
    finally:
        await orm(execute, "ALTER TABLE usage_usageevent DROP CONSTRAINT no_poison")
    assert await orm(consumer.rows) == 2
    (entry,) = await orm(lambda: list(QuarantinedEntry.objects.all()))
    assert "no_poison" in entry.error
    # The counter says what is stored, so that the consumer is not charged for what was not.
    assert consumer.counter() == 2


async def test_an_abandoned_call_is_recorded_and_not_billed(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(units=9)))
    await expire_leases(client, redis_client, consumer)
    await drain(meter)
    row = await orm(Rejection.objects.get)
    assert (row.pk, row.code, row.status, row.occurred_at) == (
        reservation.spec.event_id,
        "abandoned",
        0,
        reservation.occurred_at,
    )
    assert await orm(consumer.rows) == 0
    assert consumer.counter() == 0


async def test_a_call_that_was_answered_is_billed_although_it_was_given_up(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call()))
    # The process cannot reach Redis, answers its consumer, and is given up meanwhile.
    pipe, client._link._pipe = client._link._pipe, None
    assert (await client.settle(reservation, outcome())).value == "deferred"
    client._link._pipe = pipe
    await expire_leases(client, redis_client, consumer)
    await drain(meter)
    assert await orm(Rejection.objects.count) == 1
    await client._journal.poll()
    await eventually(lambda: client.counts()["deferred"] == 0)
    await drain(meter)
    assert await orm(consumer.rows) == 1
    assert await orm(Rejection.objects.count) == 0
    assert consumer.counter() == 1


async def test_rejections_are_stored_with_their_reason(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    known = RejectedCall(
        event_id=uuid7(),
        product_id=consumer.subscription.product_id,
        subscription_id=consumer.subscription.pk,
        endpoint_id=consumer.endpoint.pk,
        api_key_id=consumer.key.pk,
        method="GET",
        path="/get",
        status=429,
        code="quota_exceeded",
        policy="monthly",
        counter=50,
        limit=50,
    )
    unknown = replace(
        known, event_id=uuid7(), subscription_id=None, endpoint_id=None, api_key_id=None, code="key_missing", status=401
    )
    client.reject(known)
    client.reject(unknown)

    async def stored() -> list[Rejection]:
        await drain(meter)
        return await orm(lambda: list(Rejection.objects.all()))

    async def both_stand_there() -> bool:
        return len(await stored()) == 2

    await eventually(both_stand_there)
    rows = {row.code: row for row in await stored()}
    row = rows["quota_exceeded"]
    assert (row.pk, row.policy, row.counter, row.limit, row.weight) == (known.event_id, "monthly", 50, 50, 1)
    assert (row.subscription_id, row.status) == (consumer.subscription.pk, 429)
    assert abs(row.occurred_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert rows["key_missing"].subscription_id is None
    assert rows["key_missing"].product_id == consumer.subscription.product_id


async def test_very_many_rejections_are_sampled_and_the_weights_add_up(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm
) -> None:
    call = RejectedCall(
        event_id=uuid7(),
        product_id=1,
        subscription_id=consumer.subscription.pk,
        endpoint_id=None,
        api_key_id=None,
        method="GET",
        path="/",
        status=429,
        code="rate_limited",
    )
    for _ in range(1_000):
        client.reject(replace(call, event_id=uuid7()))

    async def weights() -> list[int]:
        await drain(meter)
        return await orm(lambda: list(Rejection.objects.values_list("weight", flat=True)))

    async def all_stand_there() -> bool:
        return sum(await weights()) > 900

    await eventually(all_stand_there)
    # 100 and 9, in whatever order; when the minute turns in between, up to twice as many.
    assert 109 <= len(await weights()) <= 218
    assert 900 < sum(await weights()) <= 1_000


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
    from apps.usage.counters.types import MeteringUnavailable

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
    from apps.usage.counters.types import MeteringUnavailable

    await meter.tick()
    try:
        await client.settle(reserved(await client.reserve(consumer.call())), outcome())
    except MeteringUnavailable:
        return False
    return True


async def test_a_full_journal_refuses_calls(consumer: Consumer, tuning: Tuning) -> None:
    from apps.usage.counters.types import MeteringUnavailable

    async with CountersClient(tuning=replace(tuning, journal_bound=5)) as client:
        for _ in range(5):
            await client.settle(reserved(await client.reserve(consumer.call())), outcome())
        assert not client.is_available
        with pytest.raises(MeteringUnavailable, match="wait for the meter"):
            await client.reserve(consumer.call())


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
