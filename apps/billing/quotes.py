"""What a change of plan would cost now, and when it would take effect."""

import datetime as dt
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.billing.proration import Proration, prorate, unused_quota, unused_time
from apps.core import clock
from apps.core.errors import NotFound
from apps.plans.enums import QuotaOnChange
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.subscriptions.changes import counts_on, keeps_period, kind_of_change
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
    # Whether what was used of the running quotas counts against the new ones, or those begin anew.
    counts_on: bool
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
        return Quote(plan, kind, period_end, start, end, Proration(0, 0), counts_on=False, renewal_amount=renewal)
    anchor_stays = keeps_period(current, plan)
    anchored_at = subscription.anchored_at if anchor_stays else at
    goes_on = counts_on(
        current.quotas.all(),
        plan.quotas.all(),
        carry_over=plan.quota_on_change == QuotaOnChange.CARRY_OVER,
        anchored_at=anchored_at,
        anchor_stays=anchor_stays,
        at=at,
    )
    counted = {period_at(quota.period, quota.anchor, anchored_at, at) for quota in plan.quotas.all() if goes_on}
    if anchor_stays:
        start, end = at, period_end
    else:
        start, end = period_at(plan.interval, "subscription", at, at)
    if is_own:
        return Quote(plan, kind, at, start, end, Proration(0, 0), counts_on=bool(counted), renewal_amount=renewal)
    proration = prorate(
        old_amount=current.price_amount,
        new_amount=plan.price_amount,
        time_left=unused_time(period_start, period_end, at),
        # What counts against a quota of the new plan is not taken off the credit, too.
        quota_left=_quota_left(subscription, {(period_start, period_end)} - counted),
        starts_anew=not anchor_stays,
    )
    return Quote(plan, kind, at, start, end, proration, counts_on=bool(counted), renewal_amount=renewal)


def _quota_left(subscription: Subscription, spans: AbstractSet[tuple[dt.datetime, dt.datetime]]) -> Fraction:
    """The smallest unused share among the quotas over these spans; others say nothing about the period."""
    shares = [
        unused_quota(usage.included, usage.used)
        for usage in quota_usage(subscription)
        if (usage.starts_at, usage.ends_at) in spans
    ]
    return min(shares, default=Fraction(1))
