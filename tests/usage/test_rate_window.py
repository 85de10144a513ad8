"""The sliding window against a naive model: a list of the times at which calls were let through."""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import STATE_KEYS
from apps.usage.counters.scripts import RESERVE
from apps.usage.counters.types import RateRule, Refusal, Reservation
from tests.usage.support import Consumer, rate, reserved

# Only the window of the real script, with a clock that the test moves. Answers (admitted, calls, reset ms).
_PROBE = RESERVE.source.split("-- Take a place in every rate limit")[0] + (
    """
    local window = open_window(KEYS[2], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
    local passes = admits(window)
    if passes then enter(window) end
    local ttl = redis.call('PTTL', KEYS[2])
    redis.call('PERSIST', KEYS[2])  -- the test's clock stands still while the server's goes on
    return {passes and 1 or 0, window.total, math.floor(resets_in(window)), ttl}
    """
)


@dataclass(frozen=True)
class Answer:
    admitted: bool
    calls: int
    reset_ms: int
    ttl_ms: int


@pytest.fixture
def call(redis_client: "redis.Redis") -> Callable[[RateRule, int], Answer]:
    script = redis_client.register_script(_PROBE)

    def call(rule: RateRule, now_ms: int) -> Answer:
        keys = [STATE_KEYS[0], "af:{u00}:r:1:all"]
        admitted, calls, reset, ttl = script(keys=keys, args=["run", rule.max_calls, rule.window_ms, now_ms])
        return Answer(bool(admitted), calls, reset, ttl)

    return call


START = 1_790_000_000_000


@pytest.mark.parametrize("window_ms", [1, 7, 60, 100, 1_000, 60_000, 3_600_000])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_never_more_than_the_limit_in_any_window(
    redis_client: "redis.Redis", call: Callable[[RateRule, int], Answer], window_ms: int, data: st.DataObject
) -> None:
    redis_client.flushdb()
    max_calls = data.draw(st.integers(1, 6), label="limit")
    # Steps of the clock as parts of the window: bursts, a little, most of a window, whole windows, far beyond.
    steps = data.draw(
        st.lists(
            st.one_of(
                st.just(0.0),
                st.floats(0, 0.05),
                st.floats(0, 1.1),
                st.sampled_from([1 / 60, 59 / 60, 1.0, 61 / 60, 2.0, 2.5, 100.0]),
            ),
            min_size=5,
            max_size=40,
        ),
        label="steps",
    )
    rule, now, admitted = rate(max_calls, window_ms), START + data.draw(st.integers(0, window_ms)), list[int]()
    bucket = -(-window_ms // 60)
    for step in steps:
        now += round(step * window_ms)
        answer = call(rule, now)
        in_window = [at for at in admitted if now - at < window_ms]
        if answer.admitted:
            assert len(in_window) < max_calls, "one too many in the window that ends now"
            admitted.append(now)
        else:
            # Not refused for nothing: the calls that count are at most a bucket older than the window.
            assert sum(now - at < window_ms + bucket for at in admitted) >= max_calls
        assert 0 <= answer.calls <= max_calls
        assert 0 < answer.reset_ms <= window_ms + bucket
        assert answer.ttl_ms <= 2 * window_ms


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    window_ms=st.sampled_from([50, 1_000, 60_000]),
    max_calls=st.integers(1, 5),
    gaps=st.lists(st.integers(0, 30), min_size=1, max_size=12),
)
def test_waiting_as_long_as_told_gets_a_pass(
    redis_client: "redis.Redis",
    call: Callable[[RateRule, int], Answer],
    window_ms: int,
    max_calls: int,
    gaps: list[int],
) -> None:
    redis_client.flushdb()
    rule, now = rate(max_calls, window_ms), START
    for gap in gaps:
        now += gap * window_ms // 60
        answer = call(rule, now)
    # Admitted with room to spare: clean after the reset. Used up or refused: one more fits after it.
    before = call(rule, now + answer.reset_ms)
    assert before.admitted
    if answer.admitted and answer.calls < max_calls:
        assert before.calls == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(-3_000, 3_000), min_size=5, max_size=40))
def test_a_clock_that_steps_back_lets_nobody_through_early(
    redis_client: "redis.Redis", call: Callable[[RateRule, int], Answer], steps: list[int]
) -> None:
    redis_client.flushdb()
    rule, now, admitted = rate(3, 1_000), START, list[int]()
    for step in steps:
        now += step
        if call(rule, now).admitted:
            # It counts at the furthest time so far: windows in that time never hold too many.
            counted_at = max([now, *admitted])
            assert sum(counted_at - at < 1_000 for at in admitted) < 3
            admitted.append(counted_at)


def test_a_burst_at_the_edge_of_a_minute_is_not_let_through_twice(call: Callable[[RateRule, int], Answer]) -> None:
    minute = START - START % 60_000
    rule = rate(100, 60_000)
    first = [call(rule, minute + 59_900).admitted for _ in range(100)]
    second = [call(rule, minute + 60_100).admitted for _ in range(100)]
    assert (sum(first), sum(second)) == (100, 0)


def test_refused_calls_do_not_prolong_the_wait(call: Callable[[RateRule, int], Answer]) -> None:
    rule = rate(5, 1_000)
    admitted = sum(call(rule, START + at).admitted for at in range(0, 30_000, 20))
    # 5 a second for 30 s, of 50 a second that were asked for; a call counts up to a sixtieth too long.
    assert 145 <= admitted <= 150


def test_a_lowered_limit_holds_at_once_and_tells_the_right_wait(call: Callable[[RateRule, int], Answer]) -> None:
    for at in range(0, 10_000, 1_000):
        assert call(rate(10, 60_000), START + at).admitted
    refused = call(rate(3, 60_000), START + 10_000)
    assert not refused.admitted
    assert not call(rate(3, 60_000), START + 10_000 + refused.reset_ms - 1_000).admitted
    assert call(rate(3, 60_000), START + 10_000 + refused.reset_ms).admitted


def test_a_raised_limit_lets_more_through_at_once(call: Callable[[RateRule, int], Answer]) -> None:
    for _ in range(50):
        call(rate(10, 60_000), START)
    assert sum(call(rate(20, 60_000), START).admitted for _ in range(50)) == 10


def test_what_a_window_takes_in_memory_is_bounded(
    redis_client: "redis.Redis", call: Callable[[RateRule, int], Answer]
) -> None:
    for at in range(0, 180_000, 100):
        call(rate(10**6, 60_000), START + at)
    (name,) = redis_client.scan_iter(match="*:r:*")
    assert redis_client.hlen(name) <= 3 + 2 * 62


async def test_exactly_the_limit_passes_of_many_at_once(client: CountersClient, consumer: Consumer) -> None:
    limits = (rate(100, 60_000),)
    answers = await asyncio.gather(*(client.reserve(consumer.call(rates=limits)) for _ in range(2_000)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 100
    remaining = sorted(answer.rates[0].remaining for answer in answers if isinstance(answer, Reservation))
    assert remaining == list(range(100))
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {answer.rates[0].remaining for answer in refused} == {0}
    assert all(1 <= answer.retry_after_seconds <= 61 for answer in refused)


async def test_obeying_retry_after_gets_a_pass(client: CountersClient, consumer: Consumer) -> None:
    limits = (rate(2, 1_000),)
    for _ in range(2):
        reserved(await client.reserve(consumer.call(rates=limits)))
    refused = await client.reserve(consumer.call(rates=limits))
    assert isinstance(refused, Refusal)
    assert refused.retry_after_seconds >= 1
    await asyncio.sleep(refused.retry_after_seconds)
    assert isinstance(await client.reserve(consumer.call(rates=limits)), Reservation)


async def test_windows_of_different_counters_are_apart(client: CountersClient, consumer: Consumer) -> None:
    assert isinstance(await client.reserve(consumer.call(rates=(rate(1, 60_000, "plan"),))), Reservation)
    assert isinstance(await client.reserve(consumer.call(rates=(rate(1, 60_000, "endpoint-1"),))), Reservation)
    assert isinstance(await client.reserve(consumer.call(rates=(rate(1, 60_000, "plan"),))), Refusal)


async def test_the_states_are_in_whole_seconds_for_headers(client: CountersClient, consumer: Consumer) -> None:
    reservation = reserved(await client.reserve(consumer.call(rates=(rate(10, 60_000),))))
    (state,) = reservation.rates
    assert (state.limit, state.remaining, state.window_seconds) == (10, 9, 60)
    assert 59 <= state.reset_seconds <= 61
    assert reservation.occurred_at.tzinfo is dt.UTC
