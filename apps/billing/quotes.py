"""What a change of plan would cost now, and when it would take effect."""

import datetime as dt
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.billing.errors import PaymentOverdue
from apps.billing.models import CouponRedemption
from apps.billing.proration import Proration, prorate, unused_quota, unused_time
from apps.billing.rates import forecast_tax
from apps.billing.running_period import find_discount, find_discount_of_period, paid_for_running_plan
from apps.billing.selectors import owes
from apps.core import clock
from apps.core.errors import NotFound
from apps.plans.enums import QuotaOnChange
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.subscriptions.changes import counts_on, goes_on, kind_of_change
from apps.subscriptions.enums import ChangeKind
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.plan_changes import check_not_paused, check_target
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
    # The coupon that the discount is for.
    redemption: CouponRedemption | None
    # Whether a whole period of its own begins now, rather than the running one going on.
    starts_anew: bool
    # Whether what was used of the running quotas counts against the new ones, or those begin anew.
    counts_on: bool
    # The price of the new plan at its next renewal, less the coupon that holds then.
    renewal_amount: int
    # What tax adds to what is due today and to each renewal, at today's rate; None: known once an invoice is issued.
    due_tax_amount: int | None = 0
    renewal_tax_amount: int | None = 0

    @property
    def due_amount(self) -> int:
        """The price of what is to be paid today, in minor units of the plan's currency."""
        return self.proration.due_amount

    @property
    def due_total_amount(self) -> int:
        """The same with the tax that is added to it, where that is known."""
        return self.due_amount + (self.due_tax_amount or 0)

    @property
    def renewal_total_amount(self) -> int:
        return self.renewal_amount + (self.renewal_tax_amount or 0)

    @property
    def is_now(self) -> bool:
        return self.kind is ChangeKind.NOW


def quote_change(actor: Actor, subscription: Subscription, plan: Plan) -> Quote:
    """Of a subscription of the actor's organization; `NotFound` for any other.

    Raises `Conflict`, and `PaymentOverdue`, where `start_plan_change` would refuse the plan.
    """
    actor.require(Action.VIEW)
    if subscription.organization_id != actor.organization.pk:
        raise NotFound
    check_target(actor, subscription, plan)
    check_not_paused(subscription)
    offer = quote(subscription, plan, clock.now())
    if offer.is_now and offer.due_amount and owes(subscription):
        raise PaymentOverdue
    return offer


def quote(subscription: Subscription, plan: Plan, at: dt.datetime) -> Quote:
    """The same as of an instant, for callers who have seen to whose subscription it is."""
    period_start, period_end = subscription.current_period_start, subscription.current_period_end
    assert period_start is not None  # it has begun
    assert period_end is not None
    is_own = subscription.organization_id == plan.product.organization_id
    kind = kind_of_change(subscription.plan, plan)
    begins = at if kind is ChangeKind.NOW else period_end
    counted = _spans_counted_on(subscription, plan, begins)
    stays = goes_on(subscription.plan, plan, is_in_trial=subscription.is_in_trial)
    starts_anew = kind is ChangeKind.NOW and not stays
    is_now = kind is ChangeKind.NOW
    start, end = (at, period_end) if is_now and stays else period_at(plan.interval, "subscription", begins, begins)
    proration, coupon = Proration(0, 0), None
    # Where a trial goes on, the new plan is paid for the first time after it.
    is_charged = is_now and not is_own and not (stays and subscription.is_in_trial)
    if is_charged:
        coupon = find_discount_of_period(subscription, plan) if stays else find_discount(subscription, plan)
        proration = prorate(
            paid=paid_for_running_plan(subscription, at),
            new_amount=plan.price_amount,
            time_left=unused_time(period_start, period_end, at),
            # What counts against a quota of the new plan is not taken off the credit, too.
            quota_left=_quota_left(subscription, {(period_start, period_end)} - counted),
            discount=coupon.coupon.discount_of(plan.price_amount) if coupon else 0,
            starts_anew=starts_anew,
        )
    renewal = [] if is_own else _renewal_amounts(subscription, plan, cycles=1 if starts_anew and coupon else 0)
    due = [proration.charge_amount, -proration.discount_amount, -proration.credit_amount]
    tax = forecast_tax(subscription.organization_id, at)
    return Quote(
        plan,
        kind,
        begins,
        start,
        end,
        proration,
        coupon,
        starts_anew,
        counts_on=bool(counted),
        renewal_amount=sum(renewal),
        due_tax_amount=tax.added(*due) if sum(due) else 0,
        renewal_tax_amount=tax.added(*renewal),
    )


def _renewal_amounts(subscription: Subscription, plan: Plan, *, cycles: int) -> list[int]:
    """The price of the plan at its next renewal, and a coupon that holds then, once `cycles` more are taken off it."""
    redemption = find_discount(subscription, plan)
    if redemption is None or (redemption.cycles_left is not None and redemption.cycles_left <= cycles):
        return [plan.price_amount]
    return [plan.price_amount, -redemption.coupon.discount_of(plan.price_amount)]


def _spans_counted_on(subscription: Subscription, plan: Plan, at: dt.datetime) -> set[tuple[dt.datetime, dt.datetime]]:
    """The periods that run when the plan begins and in which what was used before counts against its quotas."""
    quotas = plan.quotas.all()
    anchor_stays = goes_on(subscription.plan, plan, is_in_trial=subscription.is_in_trial)
    if subscription.is_in_trial and not anchor_stays:
        return set()  # everything begins anew with the first period that is paid for
    anchored_at = subscription.anchored_at if anchor_stays else at
    counts = counts_on(
        subscription.plan.quotas.all(),
        quotas,
        carry_over=plan.quota_on_change == QuotaOnChange.CARRY_OVER,
        anchored_at=anchored_at,
        anchor_stays=anchor_stays,
        at=at,
    )
    spans = {period_at(quota.period, quota.anchor, anchored_at, at) for quota in quotas} if counts else set()
    return {span for span in spans if span[0] < at}


def _quota_left(subscription: Subscription, spans: AbstractSet[tuple[dt.datetime, dt.datetime]]) -> Fraction:
    """The smallest unused share among the quotas over these spans; others say nothing about the period."""
    shares = [
        unused_quota(usage.included, usage.used)
        for usage in quota_usage(subscription)
        if (usage.starts_at, usage.ends_at) in spans
    ]
    return min(shares, default=Fraction(1))
