"""The contract between the gateway and metering: plain data, no Redis, no ORM.

The gateway asks `Metering.reserve` before it forwards a call and `Metering.settle` before the end of the
answer leaves. What each promises is in the README of `apps.usage`.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

SHARDS = 64
# The policy name of the limit on calls in flight.
CONCURRENCY = "concurrency"


def shard_of(number: int) -> int:
    """The shard of a subscription (or, for calls without one, of a product): its id modulo 64."""
    return number % SHARDS


def request_id(event_id: UUID) -> str:
    """The id of a call as people see it, in headers, logs and lists."""
    return f"req_{event_id.hex}"


class MeteringUnavailable(Exception):
    """Redis cannot answer, a rebuild is under way for too long, or a stream is over its bound: answer 503."""


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most `max_calls` calls in any window of `window_ms`; `counter` names it within the subscription."""

    counter: str
    name: str  # the policy name in headers, such as "per-minute"
    max_calls: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """At most `included_units` and `extra_units`, which are charged, in each period.

    The counter belongs to the period, not to the rule: another plan's rule with the same periods goes on with it.
    """

    name: str  # the policy name in headers, such as "monthly"
    included_units: int
    period: str  # plans.enums.QuotaPeriodUnit
    anchor: str  # plans.enums.QuotaAnchor
    anchored_at: dt.datetime  # where the subscription's own periods are counted from
    extra_units: int = 0
    is_capped: bool = False  # fewer extra units than the plan sells: the consumer's spend cap

    @property
    def ceiling_units(self) -> int:
        return self.included_units + self.extra_units


@dataclass(slots=True)
class CallSpec:
    """What a call would take. `units` is the most it can cost: the weight, or a declared maximum."""

    event_id: UUID
    subscription_id: int
    product_id: int
    endpoint_id: int
    api_key_id: int
    quota_epoch: int
    units: int
    rates: tuple[RateRule, ...]
    quotas: tuple[QuotaRule, ...]
    method: str
    path: str
    max_concurrent: int | None = None  # calls in flight at once; None: any number


@dataclass(slots=True)
class PolicyState:
    """A limit after the decision: what reply headers and rejections are made of."""

    name: str
    limit: int  # of a quota: the included units and those that are charged
    remaining: int
    reset_seconds: int  # until the window has room again, or until the period ends
    window_seconds: int  # 0: a limit on calls in flight, whose room comes back whenever one of them ends
    included: int | None = None  # of a quota with units that are charged: how many are not

    @property
    def extra(self) -> int:
        """How many units are charged so far."""
        return 0 if self.included is None else max(0, self.limit - self.remaining - self.included)


@dataclass(slots=True)
class Reservation:
    """A call that may be forwarded; held under a lease until it is settled or abandoned."""

    spec: CallSpec
    generation: str
    occurred_at: dt.datetime  # Redis TIME plus the sandbox offset; never changes
    counters: tuple[str, ...]  # the quota counters that were charged
    rates: tuple[PolicyState, ...]
    quotas: tuple[PolicyState, ...]
    slots: str = ""  # the set of the subscription's calls in flight, where these are limited
    # Called (once) when the lease was lost to abandonment: the connection must be aborted.
    on_abandoned: Callable[[], None] | None = None


class RefusedBy(StrEnum):
    RATE = "rate_limited"
    QUOTA = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call over a limit. Nothing was taken."""

    by: RefusedBy
    violated: tuple[PolicyState, ...]  # the policies that refused it, the longest wait first
    rates: tuple[PolicyState, ...]
    quotas: tuple[PolicyState, ...]
    retry_after_seconds: int
    occurred_at: dt.datetime


@dataclass(slots=True)
class CallOutcome:
    """How a forwarded call ended. `units` is what is billed: 0 where the backend failed."""

    status: int
    outcome: str  # completed, upstream_unreachable, upstream_invalid, upstream_timeout, client_closed …
    units: int
    duration_us: int
    origin_us: int
    request_bytes: int
    response_bytes: int


class Settlement(StrEnum):
    """What `settle` found. `ABANDONED`: the call was given up and is not billed, so the answer must not end."""

    SETTLED = "settled"
    ALREADY = "already"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"  # the lease was lost with data: the event is kept and appended by replay
    DEFERRED = "deferred"  # Redis did not answer: the event is kept by this process and appended later


@dataclass(frozen=True, slots=True)
class RejectedCall:
    """A call that the gateway refused; `subscription_id` and what follows are None where unknown."""

    event_id: UUID
    product_id: int
    subscription_id: int | None
    endpoint_id: int | None
    api_key_id: int | None
    method: str
    path: str
    status: int
    code: str
    policy: str = ""
    counter: int | None = None
    limit: int | None = None


class Metering(Protocol):
    """What the gateway's engine needs of metering; `apps.usage.counters.client` is the real one."""

    async def reserve(self, spec: CallSpec, *, on_abandoned: Callable[[], None] | None = None) -> Reservation | Refusal:
        """Take a place in every rate limit and the units from every quota, or nothing at all.

        Raises `MeteringUnavailable` within 100 ms when Redis is gone.
        """
        ...

    async def settle(self, reservation: Reservation, outcome: CallOutcome) -> Settlement:
        """End the lease, correct the units and append the usage event: once, however often it is called."""
        ...

    def progress(self, reservation: Reservation, outcome: CallOutcome) -> None:
        """Say how far a long stream has come: the slice that is billed should this process die."""
        ...

    def reject(self, call: RejectedCall) -> None:
        """Record a refused call, in the background, sampled when there are very many."""
        ...
