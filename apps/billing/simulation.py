"""What other terms of a plan would have changed for each of its subscribers, by what they used."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.billing.rating import extra_units, rate
from apps.core.errors import Invalid, NotFound
from apps.plans.models import Plan, Quota
from apps.plans.periods import period_at
from apps.plans.specs import PlanSpec, QuotaSpec
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.sums import UsageSpan, sum_units


@dataclass(frozen=True, slots=True)
class Charge:
    """What a period costs under some terms, in minor units, and how many of its units they would have refused."""

    price_amount: int
    overage_amount: int
    refused_units: int

    @property
    def total_amount(self) -> int:
        return self.price_amount + self.overage_amount


@dataclass(frozen=True, slots=True)
class SimulatedPeriod:
    """The last whole billing period `[start, end)` of a subscriber, or (`is_whole` is false) the running one so far."""

    subscription: Subscription
    start: dt.datetime
    end: dt.datetime
    is_whole: bool
    units: int
    old: Charge
    new: Charge

    @property
    def difference_amount(self) -> int:
        return self.new.total_amount - self.old.total_amount


def simulate_version(*, actor: Actor, plan: Plan, spec: PlanSpec) -> list[SimulatedPeriod]:
    """The subscribers of every version of the plan, each by what they used under the terms they have and under `spec`.

    Judged by the quota of the billing interval; those of other lengths, resets, coupons and tax are left aside. Raises
    `Invalid` where the currency or the interval is another one, as such sums cannot be compared.
    """
    actor.require(Action.PLANS_EDIT)
    if plan.product.organization_id != actor.organization.pk:
        raise NotFound
    spec.check()
    if spec.currency != plan.currency:
        raise Invalid(_("Terms in another currency cannot be compared."), field="currency")
    if spec.interval != plan.interval:
        raise Invalid(_("Terms for another interval cannot be compared."), field="interval")
    subscriptions = list(
        Subscription.objects.filter(
            plan__product=plan.product_id,
            plan__slug=plan.slug,
            plan__currency=plan.currency,
            plan__interval=plan.interval,
            status__in=SubscriptionStatus.begun(),
        )
        .select_related("organization", "plan")
        .prefetch_related("plan__quotas__price_tiers")
        .order_by("organization__name", "pk")
    )
    periods = [_period_of(subscription) for subscription in subscriptions]
    spans = [
        UsageSpan(one.pk, one.quota_epoch, start, end)
        for one, (start, end, _whole) in zip(subscriptions, periods, strict=True)
    ]
    return [
        SimulatedPeriod(
            subscription=one,
            start=start,
            end=end,
            is_whole=is_whole,
            units=units,
            old=_charge(units, one.plan.price_amount, list(one.plan.quotas.all()), one.plan.interval),
            new=_charge(units, spec.price_amount, spec.quotas, spec.interval),
        )
        for one, (start, end, is_whole), units in zip(subscriptions, periods, sum_units(spans), strict=True)
    ]


def _period_of(subscription: Subscription) -> tuple[dt.datetime, dt.datetime, bool]:
    start, end = subscription.current_period_start, subscription.current_period_end
    assert start is not None  # it has begun
    assert end is not None
    if start <= subscription.anchored_at:
        return start, end, False
    before = start - dt.timedelta(microseconds=1)
    return *period_at(subscription.plan.interval, "subscription", subscription.anchored_at, before), True


def _charge(units: int, price: int, quotas: Sequence[Quota | QuotaSpec], interval: str) -> Charge:
    quota = next((quota for quota in quotas if quota.period == interval), None)
    if quota is None:
        return Charge(price, 0, 0)
    most = quota.overage_max_units or 0
    extra = extra_units(used=units, included=quota.included_units, most_units=most)
    return Charge(price, rate(extra, quota.tier_prices), max(0, units - quota.included_units - most))
