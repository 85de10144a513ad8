"""The past usage of the demo: events and rejections as the gateway would have left them.

The calls come from `traffic`; each is judged by the subscription's own plan, in order of time, so that no
quota is ever exceeded and every rejection names a limit that was really reached.
"""

import datetime as dt
import random
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.demo.fixtures import Answer, ProductFixture, SubscriptionFixture
from apps.demo.traffic import Allowance, Attempt, Violation, attempts, origin_us
from apps.keys.models import ApiKey
from apps.products.models import Endpoint, Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.counters.records import EventRecord, RejectionRecord
from apps.usage.counters.types import shard_of
from apps.usage.limits import limits_of
from apps.usage.meter.insert import insert_events, insert_rejections
from apps.usage.meter.rollups import add_to_rollups
from apps.usage.metering import is_billable
from apps.usage.models import StaleCounter
from apps.usage.services import REJECTIONS_KEPT

HISTORY = dt.timedelta(days=42)
# Calls in a thousand that the backend did not answer, and calls a day without a valid key.
FAILURES_PER_THOUSAND = 3
STRAY_CALLS_A_DAY = 2.5


@dataclass
class History:
    """What is to be stored."""

    events: list[EventRecord] = field(default_factory=list)
    rejections: list[RejectionRecord] = field(default_factory=list)


def store(history: History) -> None:
    """Store the calls with their rollups, as the meter does, and let counters that exist already be counted anew."""
    if history.rejections:
        insert_rejections(history.rejections)
    if not history.events:
        return
    insert_events(history.events)
    add_to_rollups(history.events)
    subscriptions = {event.subscription_id for event in history.events}
    StaleCounter.objects.bulk_create(
        StaleCounter(shard=shard_of(number), subscription_id=number) for number in sorted(subscriptions)
    )


def stray_history(fixture: ProductFixture, product: Product, *, now: dt.datetime, history: History) -> None:
    """Add the calls of people without a valid key."""
    generator = random.Random(f"{product.slug}|strays")
    stored = {str(endpoint): endpoint for endpoint in product.endpoints.current()}
    for _ in range(round(REJECTIONS_KEPT.days * STRAY_CALLS_A_DAY)):
        called = generator.choice(fixture.endpoints)
        at = _whole_millisecond(now - generator.random() * REJECTIONS_KEPT)
        history.rejections.append(
            RejectionRecord(
                id=_event_id(at, generator),
                occurred_at=at,
                product_id=product.pk,
                subscription_id=None,
                endpoint_id=stored[called.name].pk,
                api_key_id=None,
                method=called.method,
                path=called.answers[0].path,
                status=401,
                code=generator.choices(["key_invalid", "key_missing"], [2, 1])[0],
                policy="",
                counter=None,
                limit=None,
                weight=1,
            )
        )


@dataclass(frozen=True)
class Standing:
    """What decides about the calls of a subscription."""

    status: str
    terms: tuple[int, int, dt.datetime]  # plan, epoch, anchor

    @classmethod
    def of(cls, row: Subscription) -> "Standing":
        return cls(row.status, (row.plan_id, row.quota_epoch, row.anchored_at))


def standings(pasts: Sequence["SubscriptionPast"]) -> dict[int, Standing]:
    """How the subscriptions stand now, by primary key."""
    rows = Subscription.objects.in_bulk([past.subscription.pk for past in pasts])
    return {pk: Standing.of(row) for pk, row in rows.items()}


class SubscriptionPast:
    """The calls of one subscription, judged one after the other by the plan that it has at the time."""

    def __init__(
        self,
        fixture: SubscriptionFixture,
        product: ProductFixture,
        subscription: Subscription,
        *,
        now: dt.datetime,
    ) -> None:
        self.fixture, self.subscription = fixture, subscription
        self.product = subscription.product
        self.generator = random.Random(f"{fixture.consumer}|{fixture.product}")
        self.endpoints = {
            str(endpoint): endpoint for endpoint in self.product.endpoints.current().select_related("tier")
        }
        keys = {key.name: key for key in ApiKey.objects.filter(subscription=subscription)}
        self.keys = [keys[key.name] for key in fixture.keys]
        self.kept_since = now - REJECTIONS_KEPT
        since = max(now - HISTORY, subscription.started_at)
        self.attempts = deque(
            attempts(fixture.traffic, product.endpoints_by_name(), since=since, until=now, generator=self.generator)
        )
        self.history = History()
        self._read_terms(subscription)

    def add_until(self, moment: dt.datetime, current: Standing, history: History) -> None:
        """Add the calls before this instant, up to which the subscription has stood as it does now."""
        if current.status not in SubscriptionStatus.callable():
            self.attempts.clear()  # they gave up
            return
        if current.terms != self.terms:
            self._read_terms(Subscription.objects.select_related("plan__tier").get(pk=self.subscription.pk))
        self.history = history
        while self.attempts and self.attempts[0].at < moment:
            self._judge(self.attempts.popleft())

    def _read_terms(self, subscription: Subscription) -> None:
        self.subscription, self.plan = subscription, subscription.plan
        self.terms = Standing.of(subscription).terms
        limits = limits_of(subscription)
        self.allowance = Allowance(
            rates=limits.rates,
            endpoint_rates={
                name: limits.endpoint_rates[endpoint.pk]
                for name, endpoint in self.endpoints.items()
                if endpoint.pk in limits.endpoint_rates
            },
            quotas=limits.quotas,
        )

    def _judge(self, attempt: Attempt) -> None:
        at = _whole_millisecond(attempt.at)
        endpoint = self.endpoints[attempt.endpoint]
        key = self.generator.choices(self.keys, [key.share for key in self.fixture.keys])[0]
        if endpoint.tier.rank > self.plan.tier.rank:
            self._reject(at, endpoint, key, attempt.answer, 403, "plan_upgrade_required")
        elif violation := self.allowance.refuse(at, attempt.endpoint, endpoint.weight):
            self._reject(at, endpoint, key, attempt.answer, 429, violation.by.value, violation)
        else:
            self._forward(at, endpoint, key, attempt.answer)

    def _forward(self, at: dt.datetime, endpoint: Endpoint, key: ApiKey, answer: Answer) -> None:
        outcome, status, origin, size = "completed", answer.status, origin_us(answer, self.generator), answer.bytes
        if self.generator.random() * 1000 < FAILURES_PER_THOUSAND:
            outcome, status, origin, size = self.generator.choice(
                [("upstream_unreachable", 502, 2_000, 260), ("upstream_timeout", 504, 30_000_000, 250)]
            )
        units = 0
        if outcome == "completed" and is_billable(status, self.product.billable_statuses):
            units = endpoint.weight
            self.allowance.charge(at, units)
        self.history.events.append(
            EventRecord(
                id=_event_id(at, self.generator),
                occurred_at=at,
                subscription_id=self.subscription.pk,
                product_id=self.product.pk,
                endpoint_id=endpoint.pk,
                api_key_id=key.pk,
                quota_epoch=self.subscription.quota_epoch,
                units=units,
                method=endpoint.method,
                path=answer.path,
                status=status,
                outcome=outcome,
                duration_us=origin + round(1000 * self.generator.lognormvariate(0.3, 0.4)),
                origin_us=origin,
                request_bytes=self.generator.randint(20, 300) if endpoint.method in ("POST", "PUT") else 0,
                response_bytes=size,
                replayed=False,
            )
        )

    def _reject(
        self,
        at: dt.datetime,
        endpoint: Endpoint,
        key: ApiKey,
        answer: Answer,
        status: int,
        code: str,
        violation: Violation | None = None,
    ) -> None:
        if at < self.kept_since:
            return  # older ones are deleted
        self.history.rejections.append(
            RejectionRecord(
                id=_event_id(at, self.generator),
                occurred_at=at,
                product_id=self.product.pk,
                subscription_id=self.subscription.pk,
                endpoint_id=endpoint.pk,
                api_key_id=key.pk,
                method=endpoint.method,
                path=answer.path,
                status=status,
                code=code,
                policy=violation.policy if violation else "",
                counter=violation.counter if violation else None,
                limit=violation.limit if violation else None,
                weight=1,
            )
        )


def _event_id(at: dt.datetime, generator: random.Random) -> uuid.UUID:
    """A UUID of version 7 of that instant, with the generator's bits in place of truly random ones."""
    milliseconds = round(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | generator.getrandbits(12) << 64 | 0b10 << 62 | generator.getrandbits(62)
    return uuid.UUID(int=value)


def _whole_millisecond(at: dt.datetime) -> dt.datetime:
    """Calls happen at whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
