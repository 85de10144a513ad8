"""Metering in memory, exact for one process: what the gateway is tested with where counting is not the point."""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.plans.periods import period_at
from apps.usage.counters.types import (
    CONCURRENCY,
    CallOutcome,
    CallSpec,
    MeteringUnavailable,
    PolicyState,
    QuotaRule,
    RateRule,
    Refusal,
    RefusedBy,
    RejectedCall,
    Reservation,
    Settlement,
)


@dataclass
class InMemoryMetering:
    """Implements `Metering`. A sliding window of call times for each rate limit, a sum for each quota."""

    is_available: bool = True
    can_count_alone: bool = False
    spool_is_ready: bool | None = None
    # What `settle` answers for calls that are told to be so; the default is the truth.
    settlement: Settlement | None = None
    settled: list[tuple[CallSpec, CallOutcome]] = field(default_factory=list)
    rejected: list[RejectedCall] = field(default_factory=list)
    progressed: list[tuple[CallSpec, CallOutcome]] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    in_flight: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _calls: dict[tuple[int, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    _used: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def reserve(self, spec: CallSpec, *, on_abandoned: Callable[[], None] | None = None) -> Reservation | Refusal:
        if not self.is_available:
            raise MeteringUnavailable("switched off by the test")
        now = dt.datetime.now(dt.UTC)
        rates = [self._rate(spec, rule, taking=0) for rule in spec.rates]
        quotas = [self._quota(spec, rule, now) for rule in spec.quotas]
        rates += self._concurrency(spec)
        over_rate = tuple(state for state in rates if state.remaining < 1)
        over_quota = tuple(state for state in quotas if state.remaining < spec.units)
        if violated := over_rate or over_quota:
            violated = tuple(sorted(violated, key=lambda state: -state.reset_seconds))
            by = RefusedBy.RATE if over_rate else RefusedBy.QUOTA
            return Refusal(by, violated, tuple(rates), tuple(quotas), max(1, violated[0].reset_seconds), now)
        for rule in spec.quotas:
            self._used[spec.subscription_id, rule.name] += spec.units
        self.in_flight[spec.subscription_id] += 1
        reservation = Reservation(
            spec=spec,
            generation="1",
            occurred_at=now,
            counters=(),
            rates=(*(self._rate(spec, rule, taking=1) for rule in spec.rates), *self._concurrency(spec)),
            quotas=tuple(self._quota(spec, rule, now) for rule in spec.quotas),
            on_abandoned=on_abandoned,
        )
        self.reservations.append(reservation)
        return reservation

    async def settle(self, reservation: Reservation, outcome: CallOutcome) -> Settlement:
        spec = reservation.spec
        if self.settlement is not None:
            return self.settlement
        if any(settled.event_id == spec.event_id for settled, _ in self.settled):
            return Settlement.ALREADY
        self.settled.append((spec, outcome))
        self.in_flight[spec.subscription_id] -= 1
        for rule in spec.quotas:
            self._used[spec.subscription_id, rule.name] -= spec.units - outcome.units
        return Settlement.SETTLED

    def progress(self, reservation: Reservation, outcome: CallOutcome) -> None:
        self.progressed.append((reservation.spec, outcome))

    def reject(self, call: RejectedCall) -> None:
        self.rejected.append(call)

    def outcomes(self, subscription_id: int) -> list[CallOutcome]:
        return [outcome for spec, outcome in self.settled if spec.subscription_id == subscription_id]

    def units(self, subscription_id: int) -> int:
        return sum(outcome.units for outcome in self.outcomes(subscription_id))

    def reserved(self, subscription_id: int) -> int:
        return sum(held.spec.subscription_id == subscription_id for held in self.reservations)

    def _concurrency(self, spec: CallSpec) -> list[PolicyState]:
        if spec.max_concurrent is None:
            return []
        left = max(0, spec.max_concurrent - self.in_flight[spec.subscription_id])
        return [PolicyState(CONCURRENCY, spec.max_concurrent, left, 0, 0)]

    def _rate(self, spec: CallSpec, rule: RateRule, *, taking: int) -> PolicyState:
        now, window = time.monotonic(), rule.window_ms / 1000
        calls = self._calls[spec.subscription_id, rule.counter]
        calls[:] = [at for at in calls if at > now - window] + [now] * taking
        reset = max(1, round(calls[0] + window - now)) if calls else 0
        return PolicyState(rule.name, rule.max_calls, rule.max_calls - len(calls), reset, max(1, round(window)))

    def _quota(self, spec: CallSpec, rule: QuotaRule, now: dt.datetime) -> PolicyState:
        start, end = period_at(rule.period, rule.anchor, rule.anchored_at, now)
        used = self._used[spec.subscription_id, rule.name]
        left, length = (end - now).total_seconds(), (end - start).total_seconds()
        included = rule.included_units if rule.extra_units else None
        limit = rule.ceiling_units
        return PolicyState(rule.name, limit, limit - used, int(left) + 1, int(length), included)
