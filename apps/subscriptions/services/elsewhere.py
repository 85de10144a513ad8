"""Subscriptions that were made at Stripe, which charges them: what we have of them is brought to how they stand there.

Billing calls these in its own transaction, with the product locked.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import Organization
from apps.core import clock
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.subscriptions.enums import CollectedBy
from apps.subscriptions.enums import SubscriptionStatus as Status
from apps.subscriptions.models import StripeSubscription, Subscription
from apps.subscriptions.services.beginnings import was_paused
from apps.subscriptions.services.notices import tell_consumer_of_purchase, tell_creator_of_beginning
from apps.subscriptions.services.plan_changes import apply_plan
from apps.subscriptions.services.writing import (
    PAUSED_AT_STRIPE,
    is_paused_at_stripe,
    lock_any,
    move,
    payment_standing,
    record,
)
from apps.subscriptions.state import TRANSITIONS

_KINDS = {
    Status.ACTIVE: "paid",
    Status.PAST_DUE: "past_due",
    Status.UNPAID: "unpaid",
    Status.PAUSED: PAUSED_AT_STRIPE,
    Status.CANCELED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands where it was made: its status and running period, `[start, end)`."""

    status: Status
    period_start: dt.datetime
    period_end: dt.datetime
    ends_with_period: bool
    began_at: dt.datetime
    ended_at: dt.datetime | None


@transaction.atomic
def begin_elsewhere(*, organization: Organization, plan: Plan, reference: str, standing: Standing) -> Subscription:
    """One of ours for one of Stripe's, which paid already; over at once where that is over.

    A creator's pause outlasts it, as canceling is no way out of one.
    """
    status: Status = standing.status
    if status not in (Status.TRIALING, Status.CANCELED):
        status = Status.ACTIVE  # what it is besides is told by `follow_elsewhere`
    if status != Status.CANCELED and was_paused(organization, plan.product):
        status = Status.PAUSED
    subscription = Subscription.objects.create(
        organization=organization,
        product=plan.product,
        plan=plan,
        status=status,
        collected_by=CollectedBy.STRIPE,
        started_at=standing.began_at,
        anchored_at=standing.period_start,
        current_period_start=standing.period_start,
        current_period_end=standing.period_end,
        trial_ends_at=standing.period_end if status == Status.TRIALING else None,
        paused_at=clock.now() if status == Status.PAUSED else None,
        canceled_at=(standing.ended_at or clock.now()) if status == Status.CANCELED else None,
    )
    StripeSubscription.objects.create(subscription=subscription, reference=reference, synced_at=clock.now())
    summary = f"Subscribed to {plan.product.name}, plan {plan.name}, at Stripe"
    record(None, subscription, "started", "", summary, at=standing.began_at)
    if status != Status.CANCELED:
        tell_consumer_of_purchase(subscription)
        tell_creator_of_beginning(subscription)
    return subscription


@transaction.atomic
def hand_to_stripe(*, subscription: Subscription, reference: str) -> Subscription:
    """Let a subscription to a free plan be driven by one of Stripe's from now on; its keys stay."""
    subscription = lock_any(subscription)
    subscription.collected_by = CollectedBy.STRIPE
    subscription.pending_plan, subscription.cancel_at_period_end = None, False
    subscription.save(update_fields=["collected_by", "pending_plan", "cancel_at_period_end"])
    StripeSubscription.objects.create(subscription=subscription, reference=reference, synced_at=clock.now())
    summary = f"{subscription.product.name} was bought at Stripe, which charges it from now on"
    record(None, subscription, "handed_to_stripe", subscription.status, summary)
    tell_creator_of_beginning(subscription)
    return subscription


@transaction.atomic
def follow_elsewhere(*, subscription: Subscription, plan: Plan, standing: Standing) -> Subscription:
    """Bring a subscription to how it stands at Stripe. One that is canceled here stays so."""
    subscription = lock_any(subscription)
    if subscription.status == Status.CANCELED:
        return subscription
    if standing.status == Status.CANCELED:
        summary = f"{subscription.product.name} was canceled at Stripe"
        return move(None, subscription, Status.CANCELED, "canceled", summary, at=standing.ended_at)
    if plan.pk != subscription.plan_id:
        subscription = apply_plan(None, subscription, plan, clock.now())
    # Nobody would charge them.
    subscription.overage_allowed, subscription.spend_cap_amount = False, None
    _take_period(subscription, standing)
    _take_status(subscription, standing.status)
    return subscription


def _take_period(subscription: Subscription, standing: Standing) -> None:
    start, end = standing.period_start, standing.period_end
    anchor, ends = subscription.anchored_at, subscription.cancel_at_period_end
    subscription.current_period_start, subscription.current_period_end = start, end
    subscription.cancel_at_period_end, subscription.is_period_waived = standing.ends_with_period, False
    if standing.status == Status.TRIALING:
        subscription.trial_ends_at = end
    if anchor > start or period_at(subscription.plan.interval, "subscription", anchor, start)[0] != start:
        subscription.anchored_at = start
    subscription.save()
    name = subscription.product.name
    if subscription.anchored_at != anchor:
        record(None, subscription, "period_restarted", subscription.status, f"A new period of {name} began at Stripe")
    if ends != standing.ends_with_period:
        kind = "cancel_scheduled" if standing.ends_with_period else "schedule_undone"
        summary = (
            f"{name} {'ends with' if standing.ends_with_period else 'goes on after'} its period, as said at Stripe"
        )
        record(None, subscription, kind, subscription.status, summary)


def _take_status(subscription: Subscription, to: Status) -> None:
    """By way of the states between, where Stripe told only of the last. A creator's pause goes on."""
    current = Status(subscription.status)
    if to == Status.TRIALING and current != Status.TRIALING:
        to = Status.ACTIVE
    summary = f"Stripe says “{to.label}” of {subscription.product.name}"
    if current == Status.PAUSED and not is_paused_at_stripe(subscription):
        if to != Status.PAUSED and payment_standing(subscription) not in (to, Status.TRIALING):
            record(None, subscription, _KINDS[to], current, summary)
        return
    for step in _steps(current, to):
        move(None, subscription, step, _KINDS[step], summary)


def _steps(current: Status, to: Status) -> tuple[Status, ...]:
    if to == current:
        return ()
    if to in TRANSITIONS[current]:
        return (to,)
    between = (Status.ACTIVE, Status.PAST_DUE)
    return next((via, to) for via in between if via in TRANSITIONS[current] and to in TRANSITIONS[via])
