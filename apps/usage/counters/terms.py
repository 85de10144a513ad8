"""The limits of a subscription in the form that the `reserve` script takes and answers them.

They are worked out once per subscription, set of limits and quota period, and used for every call until the
script says that the period is over.
"""

import datetime as dt
from collections.abc import Sequence

from apps.plans.periods import period_at
from apps.usage.counters.keys import (
    STATE_KEYS,
    from_milliseconds,
    in_flight,
    milliseconds,
    quota_counter,
    rate_window,
)
from apps.usage.counters.types import CONCURRENCY, CallSpec, PolicyState, Refusal, RefusedBy, shard_of

_CACHED_MAX = 20_000


class Terms:
    """Immutable: `keys` and `arguments` of the script, and how to read the numbers that it answers."""

    __slots__ = (
        "_max_concurrent",
        "_quotas",
        "_rates",
        "arguments",
        "counters",
        "keys",
        "quotas",
        "rates",
        "shard",
        "slots",
    )

    def __init__(self, spec: CallSpec, at: dt.datetime) -> None:
        subscription = spec.subscription_id
        self.shard = shard_of(subscription)
        self.quotas, self.rates = spec.quotas, spec.rates
        periods = [period_at(quota.period, quota.anchor, quota.anchored_at, at) for quota in spec.quotas]
        spans = [(milliseconds(start), milliseconds(end)) for start, end in periods]
        self.counters = tuple(quota_counter(subscription, spec.quota_epoch, start, end) for start, end in periods)
        windows = [rate_window(subscription, rate.counter, rate.window_ms) for rate in spec.rates]
        self._max_concurrent = spec.max_concurrent
        self.slots = "" if spec.max_concurrent is None else in_flight(subscription)
        # Encoded here, once, and not for every call.
        names = (STATE_KEYS[self.shard], *self.counters, *windows, *([self.slots] if self.slots else []))
        self.keys = tuple(key.encode() for key in names)
        arguments: list[int | str] = [len(spec.quotas), "" if spec.max_concurrent is None else spec.max_concurrent]
        for quota, (start_ms, end_ms) in zip(spec.quotas, spans, strict=True):
            arguments += [start_ms, end_ms, quota.ceiling_units]
        for rate in spec.rates:
            arguments += [rate.max_calls, rate.window_ms]
        self.arguments = tuple(str(argument).encode() for argument in arguments)
        self._rates = [(rate.name, rate.max_calls, _seconds(rate.window_ms)) for rate in spec.rates]
        self._quotas = [
            (quota, quota.ceiling_units, end_ms, _seconds(end_ms - start_ms))
            for quota, (start_ms, end_ms) in zip(spec.quotas, spans, strict=True)
        ]

    def quota_states(self, now_ms: int, numbers: Sequence[int]) -> tuple[PolicyState, ...]:
        """`numbers` are what the script answered behind the time.

        Used units of each quota, calls and reset of each window, and the calls in flight where these are limited.
        """
        return tuple(
            [
                PolicyState(
                    name=quota.name,
                    limit=limit,
                    remaining=max(0, limit - numbers[at]),
                    reset_seconds=_seconds(end_ms - now_ms),
                    window_seconds=window_seconds,
                    included=quota.included_units if quota.extra_units else None,
                )
                for at, (quota, limit, end_ms, window_seconds) in enumerate(self._quotas)
            ]
        )

    def rate_states(self, numbers: Sequence[int]) -> tuple[PolicyState, ...]:
        at = len(self.quotas)
        states = []
        for name, limit, window_seconds in self._rates:
            calls, reset_ms = numbers[at], numbers[at + 1]
            states.append(PolicyState(name, limit, max(0, limit - calls), _seconds(reset_ms), window_seconds))
            at += 2
        if self._max_concurrent is not None:
            left = max(0, self._max_concurrent - numbers[at])
            states.append(PolicyState(CONCURRENCY, self._max_concurrent, left, reset_seconds=0, window_seconds=0))
        return tuple(states)

    def refusal(self, units: int, now_ms: int, numbers: Sequence[int]) -> Refusal:
        """Why a call of so many units was refused. The policy with the longest wait gives the reason its name."""
        quotas, rates = self.quota_states(now_ms, numbers), self.rate_states(numbers)
        violated = [
            (state.reset_seconds, RefusedBy.QUOTA, state)
            for rule, used, state in zip(self.quotas, numbers, quotas, strict=False)
            if used + units > rule.ceiling_units
        ]
        violated += [(state.reset_seconds, RefusedBy.RATE, state) for state in rates if state.remaining == 0]
        violated.sort(key=lambda entry: entry[0], reverse=True)
        return Refusal(
            by=violated[0][1],
            violated=tuple(state for _, _, state in violated),
            rates=rates,
            quotas=quotas,
            retry_after_seconds=max(1, violated[0][0]),
            occurred_at=from_milliseconds(now_ms),
        )


class TermsCache:
    """The terms of the calls that this process sees; forgotten all at once when there are too many."""

    def __init__(self) -> None:
        self._terms: dict[tuple[int, int, int, int, int | None], Terms] = {}

    def find(self, spec: CallSpec) -> Terms | None:
        """The terms as last worked out."""
        return self._terms.get(_identity(spec))

    def renew(self, spec: CallSpec, at: dt.datetime) -> Terms:
        """Work the terms out anew, for the periods that hold `at`."""
        if len(self._terms) >= _CACHED_MAX:
            self._terms.clear()
        terms = self._terms[_identity(spec)] = Terms(spec, at)
        return terms


def _identity(spec: CallSpec) -> tuple[int, int, int, int, int | None]:
    # By object: the tuples of rules are made once when a subscription is loaded, and the cached terms keep them
    # alive, so that no other tuple can take their place in memory.
    return spec.subscription_id, spec.quota_epoch, id(spec.rates), id(spec.quotas), spec.max_concurrent


def _seconds(duration_ms: int) -> int:
    """Whole seconds, rounded up, never negative."""
    return max(0, -(-duration_ms // 1000))
