"""Entries of the stream that are no ordinary event: broken ones, abandoned calls, rejections."""

import datetime as dt
from dataclasses import replace

import redis
from django.db import connection

from apps.core.ids import uuid7
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import shard_key
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import Settlement, shard_of
from apps.usage.meter.runner import Meter
from apps.usage.models import QuarantinedEntry, Rejection
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, drain, eventually, expire_leases, make_calls, outcome, reserved


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
    consumer: Consumer, meter: Meter, tuning: Tuning, orm: Orm, redis_client: "redis.Redis"
) -> None:
    async with CountersClient(tuning=replace(tuning, journal_seconds=3600)) as client:
        reservation = reserved(await client.reserve(consumer.call()))
        # The process cannot reach Redis, answers its consumer, and is given up meanwhile.
        pipe, client._link._pipe = client._link._pipe, None
        assert await client.settle(reservation, outcome()) is Settlement.DEFERRED
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
    known = consumer.refused_call()
    unknown = consumer.refused_call(
        subscription_id=None, endpoint_id=None, api_key_id=None, code="key_missing", status=401
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
    for _ in range(1_000):
        client.reject(consumer.refused_call(code="rate_limited"))

    async def weights() -> list[int]:
        await drain(meter)
        return await orm(lambda: list(Rejection.objects.values_list("weight", flat=True)))

    async def all_stand_there() -> bool:
        return sum(await weights()) > 900

    await eventually(all_stand_there)
    # 100 and 9, in whatever order; when the minute turns in between, up to twice as many.
    assert 109 <= len(await weights()) <= 218
    assert 900 < sum(await weights()) <= 1_000
