"""The invented past keeps to the plans, whenever the demo is loaded."""

import datetime as dt
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.demo.fixtures import Answer, EndpointFixture, Traffic
from apps.demo.traffic import DAY, QUIET, RHYTHMS, Allowance, Attempt, attempts
from apps.plans.periods import period_at
from apps.usage.counters.types import QuotaRule, RateRule, RefusedBy

NOW = dt.datetime(2026, 5, 14, 9, 30, tzinfo=dt.UTC)
ENDPOINT = EndpointFixture(
    method="GET",
    path="/a",
    tier="free",
    operation={},
    answers=(Answer(path="/a", share=1, status=200, origin_ms=5, bytes=9),),
)
TRAFFIC = Traffic(
    calls_a_day=60,
    weekend_factor=0.4,
    rhythm="office",
    endpoints={"GET /a": 1},
    bursts_a_day=1,
    burst_calls=20,
    busy_days_ago=(5,),
    busy_factor=3,
)


def past(traffic: Traffic = TRAFFIC, *, now: dt.datetime = NOW, days: int = 14, seed: int = 1) -> list[Attempt]:
    return attempts(traffic, {"GET /a": ENDPOINT}, since=now - days * DAY, until=now, generator=random.Random(seed))


def test_the_same_seed_gives_the_same_past() -> None:
    assert past() == past()
    assert past(seed=2) != past()


def test_calls_come_in_order_and_within_the_time() -> None:
    calls = past()
    assert all(one.at <= two.at for one, two in pairwise(calls))
    assert NOW - 14 * DAY <= calls[0].at <= calls[-1].at < NOW


def test_weekends_and_nights_are_quieter_and_busy_days_busier() -> None:
    calls = [call for seed in range(20) for call in past(seed=seed)]
    days = Counter(call.at.date() for call in calls)
    busy = (NOW - 5 * DAY).date()
    whole = [date for date in days if date not in (busy, NOW.date(), (NOW - 14 * DAY).date())]
    weekdays = [days[date] for date in whole if date.weekday() < 5]
    weekends = [days[date] for date in whole if date.weekday() >= 5]
    assert max(weekends) < min(weekdays) < max(weekdays) < days[busy]
    hours = Counter(call.at.hour for call in calls)
    assert hours[3] < hours[9] / 4


def test_the_last_day_has_no_bursts() -> None:
    calm = [call.at for seed in range(20) for call in past(seed=seed) if call.at >= NOW - QUIET]
    assert len(calm) / 20 < TRAFFIC.calls_a_day * 1.15


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_a_rhythm_has_a_weight_for_each_hour(rhythm: str) -> None:
    assert len(RHYTHMS[rhythm]) == 24
    assert min(RHYTHMS[rhythm]) > 0


def allowance() -> Allowance:
    quotas = (
        QuotaRule("monthly", 400, "month", "subscription", NOW - 20 * DAY),
        QuotaRule("daily", 50, "day", "calendar", NOW - 20 * DAY),
    )
    rates = (RateRule("plan", "per-minute", 10, 60_000),)
    return Allowance(rates=rates, endpoint_rates={"GET /b": (RateRule("b", "endpoint", 2, 1000),)}, quotas=quotas)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3000 * 24 * 60), st.integers(0, 2**32), st.integers(1, 7))
def test_no_limit_is_ever_exceeded(minutes: int, seed: int, weight: int) -> None:
    now = NOW + dt.timedelta(minutes=minutes)
    limits = allowance()
    passed: list[dt.datetime] = []
    for call in past(now=now, seed=seed):
        if limits.refuse(call.at, call.endpoint, weight) is None:
            limits.charge(call.at, weight)
            passed.append(call.at)
    for quota in limits.quotas:
        used = Counter(period_at(quota.period, quota.anchor, quota.anchored_at, at)[0] for at in passed)
        assert max(used.values()) * weight <= quota.included_units
    for first, eleventh in zip(passed, passed[10:], strict=False):
        assert eleventh - first >= dt.timedelta(minutes=1)


def test_a_refusal_names_the_limit_and_where_it_stood() -> None:
    limits = allowance()
    for _ in range(2):
        assert limits.refuse(NOW, "GET /b", 25) is None
        limits.charge(NOW, 25)
    refused = limits.refuse(NOW, "GET /b", 1)
    assert refused is not None
    assert (refused.by, refused.policy, refused.counter, refused.limit) == (RefusedBy.RATE, "endpoint", 2, 2)
    later = NOW + dt.timedelta(seconds=1)
    refused = limits.refuse(later, "GET /b", 1)
    assert refused is not None
    assert (refused.by, refused.policy, refused.counter, refused.limit) == (RefusedBy.QUOTA, "daily", 50, 50)


def test_a_refused_call_takes_nothing_and_a_failed_one_only_its_place() -> None:
    limits = allowance()
    for _ in range(10):
        assert limits.refuse(NOW, "GET /a", 51) is not None  # more than the day has
    for _ in range(10):
        assert limits.refuse(NOW, "GET /a", 50) is None  # forwarded, failed: not charged
    refused = limits.refuse(NOW, "GET /a", 1)
    assert refused is not None
    assert refused.by is RefusedBy.RATE
    assert limits.refuse(NOW + dt.timedelta(minutes=1), "GET /a", 50) is None
