"""What a change of plan would cost now, and when it would take effect."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.billing.proration import Proration, prorate, unused_quota, unused_time
from apps.core import clock
from apps.core.errors import NotFound
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.subscriptions.changes import keeps_period, kind_of_change
from apps.subscriptions.enums import ChangeKind
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.plan_changes import check_target
from apps.usage.selectors import quota_usage


@dataclass(frozen=True, slots=True)
class Quote:
    """A change to `plan`. `[start, end)` is what the charge is for: the rest of the period, or one of its own."""

    plan: Plan
    kind: ChangeKind
    effective_at: dt.datetime
    start: dt.datetime
    end: dt.datetime
    proration: Proration
    # The price of the new plan at each renewal, the first at `end`.
    renewal_amount: int

    @property
    def due_amount(self) -> int:
        """Minor units of the plan's currency, to be paid today."""
        return self.proration.due_amount

    @property
    def is_now(self) -> bool:
        return self.kind is ChangeKind.NOW


def quote_change(actor: Actor, subscription: Subscription, plan: Plan) -> Quote:
    """Of a subscription of the actor's organization; `NotFound` for any other.

    Raises `Conflict` where `start_plan_change` would refuse the plan.
    """
    actor.require(Action.VIEW)
    if subscription.organization_id != actor.organization.pk:
        raise NotFound
    check_target(actor, subscription, plan)
    return quote(subscription, plan, clock.now())


def quote(subscription: Subscription, plan: Plan, at: dt.datetime) -> Quote:
    """The same as of an instant, for callers who have seen to whose subscription it is."""
    period_start, period_end = subscription.current_period_start, subscription.current_period_end
    assert period_start is not None  # it has begun
    assert period_end is not None
    current = subscription.plan
    is_own = subscription.organization_id == plan.product.organization_id
    renewal = 0 if is_own else plan.price_amount
    kind = kind_of_change(current, plan)
    if kind is not ChangeKind.NOW:
        start, end = period_at(plan.interval, "subscription", period_end, period_end)
        return Quote(plan, kind, period_end, start, end, Proration(0, 0), renewal)
    if keeps_period(current, plan):
        start, end = at, period_end
    else:
        start, end = period_at(plan.interval, "subscription", at, at)
    if is_own:
        return Quote(plan, kind, at, start, end, Proration(0, 0), renewal)
    proration = prorate(
        old_amount=current.price_amount,
        new_amount=plan.price_amount,
        time_left=unused_time(period_start, period_end, at),
        quota_left=_quota_left(subscription, period_start, period_end),
        starts_anew=not keeps_period(current, plan),
    )
    return Quote(plan, kind, at, start, end, proration, renewal)


def _quota_left(subscription: Subscription, start: dt.datetime, end: dt.datetime) -> Fraction:
    """The smallest unused share among the quotas that run with the billing period; others say nothing about it."""
    shares = [
        unused_quota(usage.included, usage.used)
        for usage in quota_usage(subscription)
        if (usage.starts_at, usage.ends_at) == (start, end)
    ]
    return min(shares, default=Fraction(1))
