"""`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11), and `X-RateLimit-*` for older clients.

Rate limits and quotas are policies alike. The limit of a quota with units that are charged is that of all units that
may pass; `af-included` says how many of them are included in the price, `af-extra` how many are charged so far.
A limit on calls in flight (`concurrency`) has the unit `concurrent-requests` and neither window nor reset.
`X-RateLimit-*` tells of the tightest policy with a window: the fewest calls left, and of several the longest wait;
`X-RateLimit-Reset` is in seconds from now.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from apps.gateway.engine.messages.request import Header
from apps.plans.periods import period_at
from apps.usage.counters.types import CONCURRENCY, PolicyState, QuotaRule, RateRule

# The largest Integer of RFC 8941.
_INTEGER_MAX = 999_999_999_999_999

# Name, limit, window in seconds (0: of calls in flight), how much of the limit is included where the rest is charged.
_Policy = tuple[str, int, int, int | None]


def ratelimit_fields(states: Sequence[PolicyState]) -> list[Header]:
    """The fields of a reply whose limits were asked; nothing for a call without limits."""
    if not states:
        return []
    limits, tightest, wait = [], None, 0
    for state in states:
        remaining, reset = state.remaining, state.reset_seconds
        if not (0 <= remaining <= _INTEGER_MAX and 0 <= reset <= _INTEGER_MAX):
            remaining, reset = _integer(remaining), _integer(reset)
        if window := state.window_seconds:
            if reset > window:  # the clock of the counters is behind that of this process, or was set back
                reset = window
            item = f"{_string(state.name)};r={remaining};t={reset}"
            if tightest is None or remaining < tightest.remaining or (remaining == tightest.remaining and reset > wait):
                tightest, wait = state, reset
        else:
            item = f"{_string(state.name)};r={remaining}"
        if state.included is not None:
            item += f";af-extra={_integer(state.extra)}"
        limits.append(item)
    fields = [
        _policy_field(tuple([(state.name, state.limit, state.window_seconds, state.included) for state in states])),
        (b"ratelimit", ", ".join(limits).encode("ascii")),
    ]
    if tightest is not None:
        fields += [
            (b"x-ratelimit-limit", b"%d" % tightest.limit),
            (b"x-ratelimit-remaining", b"%d" % max(0, tightest.remaining)),
            (b"x-ratelimit-reset", b"%d" % wait),
        ]
    return fields


def announced_fields(
    rates: Sequence[RateRule], quotas: Sequence[QuotaRule], now: dt.datetime, *, max_concurrent: int | None = None
) -> list[Header]:
    """The policies alone, for a reply to a known consumer that was refused before the counters were asked."""
    policies: list[_Policy] = [(rule.name, rule.max_calls, max(1, rule.window_ms // 1000), None) for rule in rates]
    for quota in quotas:
        start, end = period_at(quota.period, quota.anchor, quota.anchored_at, now)
        included = quota.included_units if quota.extra_units else None
        policies.append((quota.name, quota.ceiling_units, int((end - start).total_seconds()), included))
    if max_concurrent is not None:
        policies.append((CONCURRENCY, max_concurrent, 0, None))
    return [_policy_field(tuple(policies))] if policies else []


@lru_cache(maxsize=4096)
def _policy_field(policies: tuple[_Policy, ...]) -> Header:
    items = (
        f"{_string(name)};q={_integer(limit)}"
        + (f";w={_integer(window)}" if window else ';qu="concurrent-requests"')
        + ("" if included is None else f";af-included={_integer(included)}")
        for name, limit, window, included in policies
    )
    return b"ratelimit-policy", ", ".join(items).encode("ascii")


@lru_cache(maxsize=4096)
def _string(name: str) -> str:
    """A String of RFC 8941. Names are slugs; anything else in one would break the field."""
    text = name.encode("ascii", "replace").decode("ascii")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _integer(value: int) -> int:
    return value if 0 <= value <= _INTEGER_MAX else min(max(0, value), _INTEGER_MAX)
