import asyncio
import datetime as dt

import pytest
import redis

from apps.core.ids import uuid7
from apps.usage.counters.client import CountersClient
from apps.usage.counters.types import Refusal, RefusedBy, Reservation
from tests.usage.support import Consumer, outcome, rate, reserved


async def test_a_call_takes_its_units_from_every_quota(client: CountersClient, consumer: Consumer) -> None:
    monthly = consumer.quota_rule(10)
    daily = consumer.quota_rule(1, name="daily", period="day", extra_units=4)
    reservation = reserved(await client.reserve(consumer.call(units=3, quotas=(monthly, daily))))
    assert [(state.name, state.limit, state.remaining, state.extra) for state in reservation.quotas] == [
        ("monthly", 10, 7, 0),
        ("daily", 5, 2, 2),
    ]
    assert consumer.counter() == 6
    assert len(reservation.counters) == 2
    assert abs(reservation.occurred_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


async def test_exactly_the_units_that_are_left_pass(client: CountersClient, consumer: Consumer) -> None:
    for _ in range(40):
        await client.settle(reserved(await client.reserve(consumer.call(included=50))), outcome())
    answers = await asyncio.gather(*(client.reserve(consumer.call(included=50)) for _ in range(200)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 10
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == 190
    assert {(refusal.by, refusal.violated[0].name, refusal.quotas[0].remaining) for refusal in refusals} == {
        (RefusedBy.QUOTA, "monthly", 0)
    }
    assert consumer.counter() == 50


async def test_several_processes_share_the_counters(client: CountersClient, consumer: Consumer) -> None:
    async with CountersClient() as other, CountersClient() as third:
        answers = await asyncio.gather(
            *(each.reserve(consumer.call(included=25)) for each in (client, other, third) for _ in range(100))
        )
    assert sum(isinstance(answer, Reservation) for answer in answers) == 25


async def test_a_refused_call_takes_nothing_anywhere(client: CountersClient, consumer: Consumer) -> None:
    limits = (rate(100, 60_000, "first"), rate(1, 60_000, "second"))
    first = reserved(await client.reserve(consumer.call(rates=limits)))
    refused = await client.reserve(consumer.call(rates=limits))
    assert isinstance(refused, Refusal)
    assert refused.by is RefusedBy.RATE
    assert [state.name for state in refused.violated] == ["per-60000"]
    # Neither the other window nor the quota moved.
    assert refused.rates[0].remaining == first.rates[0].remaining == 99
    assert refused.quotas[0].remaining == first.quotas[0].remaining == 999
    over_quota = await client.reserve(consumer.call(rates=limits[:1], included=1))
    assert isinstance(over_quota, Refusal)
    assert over_quota.rates[0].remaining == 99
    assert consumer.counter() == 1


async def test_a_call_that_needs_more_than_is_left_is_refused_and_a_smaller_one_passes(
    client: CountersClient, consumer: Consumer
) -> None:
    assert isinstance(await client.reserve(consumer.call(included=5, units=4)), Reservation)
    assert isinstance(await client.reserve(consumer.call(included=5, units=2)), Refusal)
    assert isinstance(await client.reserve(consumer.call(included=5, units=1)), Reservation)


async def test_exactly_the_included_and_the_extra_units_pass(client: CountersClient, consumer: Consumer) -> None:
    quotas = (consumer.quota_rule(20, extra_units=30),)
    async with CountersClient() as other:
        answers = await asyncio.gather(
            *(each.reserve(consumer.call(quotas=quotas)) for each in (client, other) for _ in range(100))
        )
    passed = [answer.quotas[0] for answer in answers if isinstance(answer, Reservation)]
    assert sorted(state.extra for state in passed) == [0] * 20 + list(range(1, 31))
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {(one.by, one.quotas[0].limit, one.quotas[0].remaining, one.quotas[0].extra) for one in refused} == {
        (RefusedBy.QUOTA, 50, 0, 30)
    }
    assert consumer.counter() == 50


async def test_another_quota_of_the_same_period_goes_on_with_the_count(
    client: CountersClient, consumer: Consumer
) -> None:
    for _ in range(7):
        await client.settle(reserved(await client.reserve(consumer.call(included=10))), outcome())
    flying = reserved(await client.reserve(consumer.call(included=10)))
    larger = consumer.quota_rule(50, name="other", extra_units=2)
    answers = await asyncio.gather(*(client.reserve(consumer.call(quotas=(larger,))) for _ in range(60)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 52 - 8
    await client.settle(flying, outcome(units=0))
    assert isinstance(await client.reserve(consumer.call(quotas=(larger,))), Reservation), "what came back is free"
    assert isinstance(await client.reserve(consumer.call(quotas=(larger,))), Refusal)


async def test_at_995_of_1000_exactly_five_of_50_parallel_calls_pass(
    client: CountersClient, consumer: Consumer
) -> None:
    await client.settle(reserved(await client.reserve(consumer.call(included=1000, units=995))), outcome(units=995))
    async with CountersClient() as other:
        answers = await asyncio.gather(
            *(each.reserve(consumer.call(included=1000)) for each in (client, other) for _ in range(25))
        )
    assert sum(isinstance(answer, Reservation) for answer in answers) == 5
    assert consumer.counter() == 1000


async def test_a_limit_of_zero_refuses_every_call(client: CountersClient, consumer: Consumer) -> None:
    no_calls = await client.reserve(consumer.call(rates=(rate(0, 60_000),)))
    assert isinstance(no_calls, Refusal)
    assert no_calls.retry_after_seconds == 60
    assert isinstance(await client.reserve(consumer.call(included=0)), Refusal)
    assert consumer.counter() == 0


async def test_no_limits_at_all(client: CountersClient, consumer: Consumer) -> None:
    reservation = reserved(await client.reserve(consumer.call(quotas=())))
    assert reservation.quotas == reservation.rates == reservation.counters == ()


async def test_counters_of_another_epoch_or_subscription_do_not_count(
    client: CountersClient, consumer: Consumer, stranger: Consumer
) -> None:
    assert isinstance(await client.reserve(consumer.call(included=1)), Reservation)
    assert isinstance(await client.reserve(consumer.call(included=1)), Refusal)
    assert isinstance(await client.reserve(consumer.call(included=1, quota_epoch=1)), Reservation)
    assert isinstance(await client.reserve(stranger.call(included=1)), Reservation)


async def test_the_longest_wait_names_the_reason(client: CountersClient, consumer: Consumer) -> None:
    limits = (rate(1, 1_000, "second"), rate(1, 60_000, "minute"))
    await client.reserve(consumer.call(rates=limits))
    refused = await client.reserve(consumer.call(rates=limits, included=1))
    assert isinstance(refused, Refusal)
    assert refused.by is RefusedBy.QUOTA
    assert [state.name for state in refused.violated] == ["monthly", "per-60000", "per-1000"]
    assert refused.retry_after_seconds == refused.quotas[0].reset_seconds


async def test_a_period_that_is_over_is_worked_out_anew(
    client: CountersClient, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The host's clock is wrong by months: only the server's time decides.
    wrong = dt.datetime.now(dt.UTC) - dt.timedelta(days=200)
    monkeypatch.setattr(client._offset, "now", lambda: wrong)
    reservation = reserved(await client.reserve(consumer.call()))
    now = dt.datetime.now(dt.UTC)
    state = reservation.quotas[0]
    assert 0 < state.reset_seconds <= state.window_seconds
    assert abs(reservation.occurred_at - now) < dt.timedelta(minutes=1)
    assert consumer.counter() == 1


async def test_every_counter_goes_away_by_itself(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    windows = (rate(5, 1_000, "second"), rate(5, 3_600_000, "hour"))
    reservation = reserved(await client.reserve(consumer.call(rates=windows)))
    for window in windows:
        (name,) = redis_client.scan_iter(match=f"*r:{consumer.subscription.pk}:{window.counter}:*")
        assert 0 < redis_client.pttl(name) <= 2 * window.window_ms
    period_ms = reservation.quotas[0].reset_seconds * 1000
    day_ms = 24 * 3600 * 1000
    assert period_ms + day_ms - 60_000 < redis_client.pttl(reservation.counters[0]) <= period_ms + day_ms


async def test_no_counter_stays_for_ever(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    windows = (rate(1, 1_000, "second"), rate(100, 60_000, "minute"))
    await client.reserve(consumer.call(rates=windows, max_concurrent=3))
    assert isinstance(await client.reserve(consumer.call(rates=windows, max_concurrent=3)), Refusal)
    client.reject(consumer.refused_call())
    await client._rejections.flush()
    # Quotas, windows, calls in flight, and how many refusals were recorded; what else there is has a bound of its own.
    counters = [name for kind in "qrfx" for name in redis_client.scan_iter(match=f"*}}:{kind}:*")]
    assert {name.split(b":")[2] for name in counters} == {b"q", b"r", b"f", b"x"}
    assert all(redis_client.pttl(name) > 0 for name in counters)


async def test_all_keys_of_a_shard_share_a_slot(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    reservation = reserved(await client.reserve(consumer.call(rates=(rate(5, 1_000),))))
    await client.settle(reservation, outcome())
    tag = f"{{u{consumer.subscription.pk % 64:02}}}"
    keys = [key.decode() for key in redis_client.scan_iter()]
    assert len(keys) > 3
    assert all(f"af:{tag}:" in key for key in keys)


async def test_scripts_that_the_server_forgot_are_loaded_again(
    client: CountersClient, consumer: Consumer, redis_client: "redis.Redis"
) -> None:
    await client.reserve(consumer.call())
    redis_client.script_flush()
    answers = await asyncio.gather(*(client.reserve(consumer.call()) for _ in range(20)))
    assert all(isinstance(answer, Reservation) for answer in answers)
    assert consumer.counter() == 21


async def test_a_cancelled_waiter_harms_nobody_and_takes_nothing(client: CountersClient, consumer: Consumer) -> None:
    await client.reserve(consumer.call())
    for _ in range(50):
        tasks = [asyncio.create_task(client.reserve(consumer.call(units=number))) for number in range(1, 11)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for number, answer in enumerate(answers, start=1):
            if number % 2:
                assert isinstance(answer, asyncio.CancelledError)
            else:
                # Everybody has got their own answer, not a neighbour's.
                assert reserved(answer).spec.units == number
                await client.settle(reserved(answer), outcome(units=0))
    await client.reserve(consumer.call())
    await asyncio.sleep(0)
    assert consumer.counter() == 2


async def test_the_event_id_is_the_callers(client: CountersClient, consumer: Consumer) -> None:
    event_id = uuid7()
    assert reserved(await client.reserve(consumer.call(event_id=event_id))).spec.event_id == event_id
