"""What a change of plan leaves of a quota: all that was used, or nothing; also when Redis forgets in between."""

import asyncio
import datetime as dt
from typing import Any

import pytest
import redis

from apps.core import clock
from apps.plans.models import Plan, Quota
from apps.subscriptions.models import Subscription
from apps.subscriptions.services import change_plan_now
from apps.usage.counters.client import CountersClient
from apps.usage.counters.types import Refusal, Reservation
from apps.usage.limits import limits_of
from apps.usage.meter.runner import Meter
from tests.database import unguarded
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, drain, outcome, reserved

# A call of 100 units, so that the quotas have a size of real ones.
CALL = 100


def entitled(consumer: Consumer, **quota: Any) -> dict[str, Any]:
    """What the gateway passes with a call, read as it is now; the plan sells 1000 units, the next one 5000."""
    subscription = Subscription.objects.select_related("plan").get(pk=consumer.subscription.pk)
    return {"quota_epoch": subscription.quota_epoch, "quotas": limits_of(subscription).quotas, "units": CALL}


def upgrade(consumer: Consumer, on_change: str, **quota: Any) -> None:
    plan = PlanFactory(tier=consumer.subscription.plan.tier, price_amount=1900, quota_on_change=on_change)
    QuotaFactory(plan=plan, **({"included_units": 5000} | quota))
    change_plan_now(subscription=consumer.subscription, plan=plan, at=clock.now(), actor=None)


async def use(client: CountersClient, consumer: Consumer, calls: int, **spec: Any) -> int:
    """How many of the calls passed; those that did are settled."""
    answers = await asyncio.gather(*(client.reserve(consumer.call(**spec)) for _ in range(calls)))
    passed = [answer for answer in answers if isinstance(answer, Reservation)]
    await asyncio.gather(*(client.settle(each, outcome(units=CALL)) for each in passed))
    return len(passed)


@unguarded()
def sell_for_9() -> None:
    Plan.objects.update(price_amount=900)


@pytest.mark.parametrize("flushed", ["never", "before", "after"])
@pytest.mark.parametrize(("on_change", "pass_then"), [("carry_over", 43), ("reset", 50)])
async def test_700_of_1000_used_then_5000(
    client: CountersClient,
    consumer: Consumer,
    meter: Meter,
    orm: Orm,
    redis_client: "redis.Redis",
    on_change: str,
    pass_then: int,
    flushed: str,
) -> None:
    await orm(sell_for_9)
    before = await orm(entitled, consumer)
    assert await use(client, consumer, 6, **before) == 6
    await drain(meter)  # of what follows, Redis and this process know alone
    flying = reserved(await client.reserve(consumer.call(**before)))
    if flushed == "before":
        redis_client.flushdb()
    await orm(upgrade, consumer, on_change)
    if flushed == "after":
        redis_client.flushdb()
    after = await orm(entitled, consumer)
    assert await use(client, consumer, 60, **after) == pass_then
    # A call that was on its way during the change, and costs nothing in the end, gives back what it took: to the
    # count that it was taken from.
    await client.settle(flying, outcome(units=0, status=502))
    assert await use(client, consumer, 5, **after) == (1 if on_change == "carry_over" else 0)


async def test_a_quota_with_another_period_starts_anew_although_it_should_be_carried_over(
    client: CountersClient, consumer: Consumer, meter: Meter, orm: Orm, redis_client: "redis.Redis"
) -> None:
    """It was not counted before, so nothing that Redis and Postgres could agree on is there."""
    await orm(sell_for_9)
    assert await use(client, consumer, 3, **await orm(entitled, consumer)) == 3
    await drain(meter)
    await orm(lambda: upgrade(consumer, "carry_over", name="daily", period="day", included_units=500))
    after = await orm(entitled, consumer)
    assert await use(client, consumer, 4, **after) == 4
    redis_client.flushdb()
    assert await use(client, consumer, 4, **after) == 1
    assert isinstance(await client.reserve(consumer.call(**after)), Refusal)


async def test_who_leaves_a_plan_that_charges_extra_units_begins_anew_although_it_should_be_carried_over(
    client: CountersClient, consumer: Consumer, orm: Orm
) -> None:
    @unguarded()
    def sell_extra() -> None:
        Plan.objects.update(price_amount=900)
        Quota.objects.update(overage="per_unit", overage_unit_amount="0.2", overage_max_units=2000)

    await orm(sell_extra)
    assert await use(client, consumer, 25, **await orm(entitled, consumer)) == 25
    await orm(upgrade, consumer, "carry_over")
    after = await orm(entitled, consumer)
    (state,) = reserved(await client.reserve(consumer.call(**after))).quotas
    assert (state.limit, state.remaining, state.included) == (5000, 4900, None)
    assert state.reset_seconds > dt.timedelta(days=1).total_seconds()
