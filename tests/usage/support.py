"""A consumer with a key, calls that it makes, and what is left of them in Redis and Postgres."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import redis

from apps.core.ids import uuid7
from apps.keys.models import ApiKey
from apps.plans.models import Quota
from apps.products.models import Endpoint
from apps.subscriptions.models import Subscription
from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import STATE_KEYS, shard_key
from apps.usage.counters.records import EventRecord, RejectionRecord
from apps.usage.counters.scripts import SWEEP
from apps.usage.counters.types import CallOutcome, CallSpec, QuotaRule, RateRule, RejectedCall, Reservation, shard_of
from apps.usage.meter.runner import Meter
from apps.usage.models import UsageEvent
from tests.counters import quota_counter
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls, store_rejections


@dataclass
class Consumer:
    """A subscription with one quota, and the calls that go with it."""

    subscription: Subscription
    endpoint: Endpoint
    key: ApiKey
    quota: Quota

    @classmethod
    def create(cls, **quota: Any) -> Self:
        subscription = SubscriptionFactory(started_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=2))
        return cls(
            subscription=subscription,
            endpoint=EndpointFactory(tier=subscription.plan.tier),
            key=ApiKeyFactory(subscription=subscription),
            quota=QuotaFactory(plan=subscription.plan, **quota),
        )

    def quota_rule(self, included: int | None = None, **values: Any) -> QuotaRule:
        rule = QuotaRule(
            name=self.quota.name,
            included_units=self.quota.included_units if included is None else included,
            period=self.quota.period,
            anchor=self.quota.anchor,
            anchored_at=self.subscription.anchored_at,
        )
        return replace(rule, **values)

    def call(self, *, included: int | None = None, units: int = 1, **values: Any) -> CallSpec:
        """A call under the quota; `included` replaces the number of units in it."""
        spec = CallSpec(
            event_id=uuid7(),
            subscription_id=self.subscription.pk,
            product_id=self.subscription.product_id,
            endpoint_id=self.endpoint.pk,
            api_key_id=self.key.pk,
            quota_epoch=self.subscription.quota_epoch,
            units=units,
            rates=(),
            quotas=(self.quota_rule(included),),
            method="GET",
            path="/get",
        )
        return replace(spec, **values)

    def refused_call(self, **values: Any) -> RejectedCall:
        """A call that the quota refused."""
        call = RejectedCall(
            event_id=uuid7(),
            product_id=self.subscription.product_id,
            subscription_id=self.subscription.pk,
            endpoint_id=self.endpoint.pk,
            api_key_id=self.key.pk,
            method="GET",
            path="/get",
            status=429,
            code="quota_exceeded",
            policy="monthly",
            counter=50,
            limit=50,
        )
        return replace(call, **values)

    def neighbor(self) -> "Consumer":
        """Another consumer of the same endpoint."""
        subscription = SubscriptionFactory(plan=self.subscription.plan)
        return Consumer(subscription, self.endpoint, ApiKeyFactory(subscription=subscription), self.quota)

    def rows(self) -> int:
        return UsageEvent.objects.filter(subscription=self.subscription).count()

    def stored_units(self) -> int:
        return sum(UsageEvent.objects.filter(subscription=self.subscription).values_list("units", flat=True))

    def counter(self) -> int:
        """What the quota counter stands at (in all periods together)."""
        return quota_counter(self.subscription.pk)


def store(consumer: Consumer, at: dt.datetime, **values: Any) -> EventRecord:
    """A call of the consumer as the meter stores it: the event and its part of the rollup."""
    (event,) = store_calls(consumer.key, consumer.endpoint, at=at, **values)
    return event


def refuse(consumer: Consumer, at: dt.datetime, **values: Any) -> RejectionRecord:
    """A call of the consumer that its quota refused, as the meter stores it."""
    by_quota = {"code": "quota_exceeded", "policy": "monthly", "counter": 10, "limit": 10}
    (rejection,) = store_rejections(consumer.key, consumer.endpoint, at=at, **(by_quota | values))
    return rejection


def rate(max_calls: int, window_ms: int, counter: str = "all") -> RateRule:
    return RateRule(counter=counter, name=f"per-{window_ms}", max_calls=max_calls, window_ms=window_ms)


def outcome(units: int = 1, status: int = 200, **values: Any) -> CallOutcome:
    result = CallOutcome(
        status=status,
        outcome="completed",
        units=units,
        duration_us=12_000,
        origin_us=8_000,
        request_bytes=100,
        response_bytes=2_000,
    )
    return replace(result, **values)


def reserved(answer: object) -> Reservation:
    assert isinstance(answer, Reservation), answer
    return answer


async def eventually(condition: Callable[[], object | Awaitable[object]], *, seconds: float = 20.0) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while True:
        holds = condition()
        if isinstance(holds, Awaitable):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.02)


async def make_calls(client: CountersClient, consumer: Consumer, count: int, **values: Any) -> None:
    reservations = await asyncio.gather(*(client.reserve(consumer.call()) for _ in range(count)))
    await asyncio.gather(*(client.settle(reserved(each), outcome(**values)) for each in reservations))


async def tick(meter: Meter, *, times: int) -> None:
    for _ in range(times):
        await meter.tick()


async def drain(meter: Meter) -> None:
    while await meter.tick():
        pass


async def come_to_rest(client: CountersClient, meter: Meter) -> None:
    """Store until the client holds nothing back: what it appends again for a new generation is counted until then."""

    async def is_at_rest() -> bool:
        await drain(meter)
        counts = client.counts()
        return counts["held"] == counts["deferred"] == 0

    await eventually(is_at_rest)


def entries(redis_client: "redis.Redis", consumer: Consumer) -> list[dict[str, str]]:
    """The usage stream of the consumer's shard."""
    stream = redis_client.xrange(shard_key(shard_of(consumer.subscription.pk), "stream"))
    return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in stream]


async def expire_leases(client: CountersClient, redis_client: "redis.Redis", consumer: Consumer) -> None:
    """What the meter does when a process has not renewed its leases in time."""
    shard = shard_of(consumer.subscription.pk)
    await sweep(client, shard)
    for name in redis_client.zrange(shard_key(shard, "leases"), 0, -1):
        redis_client.zadd(shard_key(shard, "leases"), {name: 1})
    await sweep(client, shard)


async def sweep(client: CountersClient, shard: int) -> None:
    reply = await client._link.run(SWEEP, [STATE_KEYS[shard]], 30_000, 15_000, 3_600_000, 100)
    assert reply[0] == b"swept"
