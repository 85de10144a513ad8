"""Believable traffic of the past: when calls came, and what the limits of a plan made of them. No database.

Everything follows from the seed of the generator and the times given.
"""

import datetime as dt
import math
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.demo.fixtures import Answer, EndpointFixture, Traffic
from apps.plans.periods import period_at
from apps.usage.counters.types import QuotaRule, RateRule, RefusedBy

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
BURST_SECONDS = 25
# The last day has no bursts or busy hours, so that a visitor's own calls find room in the quotas.
QUIET = DAY

# How the calls of a day are spread over its hours (UTC).
RHYTHMS: dict[str, tuple[int, ...]] = {
    "people": (2, 1, 1, 1, 2, 4, 8, 10, 8, 6, 5, 6, 7, 6, 5, 5, 6, 9, 10, 9, 7, 6, 5, 3),
    "office": (1, 1, 1, 1, 1, 2, 4, 8, 12, 13, 13, 11, 8, 11, 13, 12, 11, 8, 5, 3, 2, 2, 1, 1),
    "nightly": (3, 16, 22, 18, 8, 3, 2, 3, 4, 5, 5, 4, 4, 5, 5, 4, 4, 3, 2, 2, 2, 2, 2, 2),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that a consumer sent, before anybody judged it."""

    at: dt.datetime
    endpoint: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Violation:
    """The limit that refused a call: `counter` is what it stood at."""

    by: RefusedBy
    policy: str
    counter: int
    limit: int


def attempts(
    traffic: Traffic,
    endpoints: Mapping[str, EndpointFixture],
    *,
    since: dt.datetime,
    until: dt.datetime,
    generator: random.Random,
) -> list[Attempt]:
    """The calls of `[since, until)`, in order of time."""
    names, shares = list(traffic.endpoints), list(traffic.endpoints.values())
    found: list[Attempt] = []

    def add(at: dt.datetime, name: str) -> None:
        if since <= at < until:
            found.append(Attempt(at, name, _answer(endpoints[name], generator)))

    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < until:
        calls = _calls_on(midnight, traffic, until, generator)
        for hour, share in enumerate(_hourly_shares(traffic.rhythm)):
            for _ in range(_poisson(calls * share, generator)):
                at = midnight + hour * HOUR + generator.random() * HOUR
                add(at, generator.choices(names, shares)[0])
        if midnight + DAY <= until - QUIET:
            for at in _bursts(midnight, traffic, generator):
                name = generator.choices(names, shares)[0]
                for _ in range(traffic.burst_calls):
                    add(at + dt.timedelta(seconds=generator.uniform(0, BURST_SECONDS)), name)
        midnight += DAY
    return sorted(found, key=lambda attempt: attempt.at)


@dataclass
class Allowance:
    """The limits of one subscription and what is used of them, call by call in order of time."""

    rates: tuple[RateRule, ...]
    endpoint_rates: Mapping[str, tuple[RateRule, ...]]  # in place of `rates` at these endpoints
    quotas: tuple[QuotaRule, ...]
    _passed: dict[str, deque[dt.datetime]] = field(default_factory=dict)
    _used: dict[tuple[str, dt.datetime], int] = field(default_factory=dict)
    _periods: dict[str, tuple[dt.datetime, dt.datetime]] = field(default_factory=dict)  # the last one of each quota

    def refuse(self, at: dt.datetime, endpoint: str, units: int) -> Violation | None:
        """The limit that this call would break; None (and a place taken in every rate limit) when it may pass."""
        rates = self.endpoint_rates.get(endpoint, self.rates)
        for rate in rates:
            passed = self._passed.setdefault(rate.counter, deque())
            while passed and passed[0] <= at - dt.timedelta(milliseconds=rate.window_ms):
                passed.popleft()
            if len(passed) >= rate.max_calls:
                return Violation(RefusedBy.RATE, rate.name, len(passed), rate.max_calls)
        for quota in self.quotas:
            used = self._used.get(self._period_key(quota, at), 0)
            if used + units > quota.ceiling_units:
                return Violation(RefusedBy.QUOTA, quota.name, used, quota.ceiling_units)
        for rate in rates:
            self._passed[rate.counter].append(at)
        return None

    def charge(self, at: dt.datetime, units: int) -> None:
        """Count the units of a call that is billed."""
        for quota in self.quotas:
            key = self._period_key(quota, at)
            self._used[key] = self._used.get(key, 0) + units

    def _period_key(self, quota: QuotaRule, at: dt.datetime) -> tuple[str, dt.datetime]:
        period = self._periods.get(quota.name)
        if period is None or not period[0] <= at < period[1]:
            period = period_at(quota.period, quota.anchor, quota.anchored_at, at)
            self._periods[quota.name] = period
        return quota.name, period[0]


def origin_us(answer: Answer, generator: random.Random) -> int:
    """How long the backend took: around the median, now and then much longer. Microseconds."""
    slow = generator.uniform(3, 12) if generator.random() < 0.015 else 1.0
    return round(answer.origin_ms * 1000 * slow * generator.lognormvariate(0, 0.3))


def _answer(endpoint: EndpointFixture, generator: random.Random) -> Answer:
    return generator.choices(endpoint.answers, [answer.share for answer in endpoint.answers])[0]


def _calls_on(midnight: dt.datetime, traffic: Traffic, until: dt.datetime, generator: random.Random) -> float:
    calls = traffic.calls_a_day * generator.uniform(0.85, 1.15)
    if midnight.weekday() >= 5:
        calls *= traffic.weekend_factor
    if (until.date() - midnight.date()).days in traffic.busy_days_ago:
        calls = traffic.calls_a_day * traffic.busy_factor
    return calls


def _bursts(midnight: dt.datetime, traffic: Traffic, generator: random.Random) -> list[dt.datetime]:
    hours = generator.choices(range(24), RHYTHMS[traffic.rhythm], k=_poisson(traffic.bursts_a_day, generator))
    return [midnight + hour * HOUR + generator.random() * HOUR for hour in hours]


def _hourly_shares(rhythm: str) -> list[float]:
    weights = RHYTHMS[rhythm]
    return [weight / sum(weights) for weight in weights]


def _poisson(expected: float, generator: random.Random) -> int:
    """A number of independent events (Knuth's method: fine for the small numbers of an hour)."""
    limit, product, count = math.exp(-expected), generator.random(), 0
    while product > limit:
        product *= generator.random()
        count += 1
    return count
