"""Another plan for a subscription, and the turn of its billing period."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict
from apps.plans.enums import QuotaOnChange
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.plans.selectors import is_granted
from apps.subscriptions.changes import counts_on, goes_on, kind_of_change
from apps.subscriptions.enums import ChangeKind, SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import choice_by_default
from apps.subscriptions.services.notices import tell_consumer_of_end, tell_consumer_of_new_plan
from apps.subscriptions.services.writing import (
    begin_period,
    check_managed_here,
    lock_any,
    lock_own,
    lock_plan_on_sale,
    move,
    plan_on_sale,
    record,
)


@transaction.atomic
def change_plan_now(*, subscription: Subscription, plan: Plan, at: dt.datetime, actor: Actor | None) -> Subscription:
    """Move the subscription to the plan as of `at`. Raises `Conflict` where that cannot be.

    Whoever calls has seen to the payment. With an actor the plan is on sale for them and the change one that takes
    effect at once; without (a change that was agreed on earlier is paid) it may have been withdrawn meanwhile.
    """
    if actor is not None:
        actor.require(Action.SUBSCRIPTIONS_MANAGE)
        plan = lock_target(actor, subscription, plan)
    subscription = lock_own(actor, subscription) if actor else lock_any(subscription)
    check_can_change(subscription, plan)
    if actor is not None and kind_of_change(subscription.plan, plan) is not ChangeKind.NOW:
        raise Conflict(_("This change takes effect at the end of the period, not at once."))
    assert subscription.current_period_end is not None  # it has begun
    if subscription.current_period_end <= at:
        raise Conflict(_("The billing period is just being closed. Try again in a minute."))
    return apply_plan(actor, subscription, plan, at)


@transaction.atomic
def begin_next_period(*, subscription: Subscription) -> Subscription:
    """End the running billing period, which is over: do what was planned for its end, else begin the next one.

    Raises `Conflict` while the period runs, so that a second caller changes nothing.
    """
    subscription = lock_any(subscription)
    at = subscription.current_period_end
    if subscription.status not in SubscriptionStatus.begun() or at is None or at > clock.now():
        raise Conflict(_("The billing period of this subscription is not over."))
    if subscription.cancel_at_period_end:
        summary = f"The subscription to {subscription.product.name} ended with its period"
        ended = move(None, subscription, SubscriptionStatus.CANCELED, "ended", summary, at=at)
        tell_consumer_of_end(ended)
        return ended
    if subscription.is_in_trial:
        return _end_trial(subscription, at)
    subscription.current_period_start, subscription.current_period_end = period_at(
        subscription.plan.interval, "subscription", subscription.anchored_at, at
    )
    subscription.is_period_waived = subscription.status not in SubscriptionStatus.callable()
    if subscription.pending_plan is not None:
        previous = subscription.plan
        changed = apply_plan(None, subscription, subscription.pending_plan, at)
        tell_consumer_of_new_plan(changed, previous)
        return changed
    subscription.save(update_fields=["current_period_start", "current_period_end", "is_period_waived"])
    return subscription


@transaction.atomic
def end_trial_unpaid(*, subscription: Subscription) -> Subscription:
    """Cancel a subscription whose trial is over and which nobody has given a card for."""
    subscription = lock_any(subscription)
    summary = f"The trial of {subscription.product.name} ended without a card"
    return move(
        None, subscription, SubscriptionStatus.CANCELED, "trial_unpaid", summary, at=subscription.current_period_end
    )


def _end_trial(subscription: Subscription, at: dt.datetime) -> Subscription:
    """Begin the first period that is paid for, under the plan that was chosen for it; quotas begin anew with it."""
    previous = subscription.plan
    if subscription.pending_plan is not None:
        subscription.plan, subscription.pending_plan = subscription.pending_plan, None
    begin_period(subscription, at)
    subscription.is_period_waived = subscription.status not in SubscriptionStatus.callable()
    subscription.quota_epoch += 1
    was = subscription.status
    if was == SubscriptionStatus.TRIALING:
        subscription.status = SubscriptionStatus.ACTIVE
    subscription.save()
    summary = f"The trial of {subscription.product.name} ended"
    changed = previous if previous.pk != subscription.plan_id else None
    record(None, subscription, "trial_ended", was, summary, from_plan=changed, at=at)
    if changed is not None:
        tell_consumer_of_new_plan(subscription, previous)
    return subscription


def lock_target(actor: Actor, subscription: Subscription, plan: Plan) -> Plan:
    """The plan, of a product that is locked from here on (before the subscription, as in `subscribe`).

    Raises `Conflict` where it is not on sale for the actor, and as `check_approved`.
    """
    target = lock_plan_on_sale(actor, plan)
    check_approved(actor, subscription, target)
    return target


def check_target(actor: Actor, subscription: Subscription, plan: Plan) -> None:
    """Raises `Conflict` where the actor's organization cannot have the subscription changed to this plan, as of now.

    For who only asks: what is written is checked again with locks.
    """
    target = plan_on_sale(actor, plan)
    check_approved(actor, subscription, target)
    check_can_change(subscription, target)


def check_approved(actor: Actor, subscription: Subscription, target: Plan) -> None:
    """Raises `Conflict` where the creator approves each subscription to the plan, and has not approved this one.

    They have where they granted the plan, or approved an earlier version of it.
    """
    is_own = subscription.plan.slug == target.slug and subscription.plan.product_id == target.product_id
    if target.requires_approval and not is_own and not is_granted(actor.organization, target):
        raise Conflict(
            _("The creator approves who gets the plan %(plan)s. Ask them to grant it to you.") % {"plan": target.name}
        )


def check_can_change(subscription: Subscription, plan: Plan) -> None:
    """Raises `Conflict` where the subscription cannot get this plan at any time."""
    check_managed_here(subscription)
    if subscription.status not in SubscriptionStatus.begun() - {SubscriptionStatus.UNPAID}:
        raise Conflict(
            _("This subscription is “%(status)s”, and its plan cannot be changed.")
            % {"status": SubscriptionStatus(subscription.status).label}
        )
    if plan.product_id != subscription.product_id:
        raise Conflict(_("This plan is one of another product."))
    if plan.pk == subscription.plan_id:
        raise Conflict(_("The subscription has this plan already."))


def check_not_paused(subscription: Subscription) -> None:
    """Raises `Conflict` where nobody may buy another plan, as the keys do not work whatever it is."""
    if subscription.status == SubscriptionStatus.PAUSED:
        raise Conflict(_("The creator has paused this subscription. Its plan can be changed once it is resumed."))


def apply_plan(actor: Actor | None, subscription: Subscription, plan: Plan, at: dt.datetime) -> Subscription:
    """Give a subscription, which the caller has locked, the plan as of `at`, within its running period."""
    anchor_stays = goes_on(subscription.plan, plan, is_in_trial=subscription.is_in_trial)
    ends_trial = subscription.is_in_trial and not anchor_stays
    previous, subscription.plan = subscription.plan, plan
    if not anchor_stays:
        begin_period(subscription, at)
    was = subscription.status
    if ends_trial and was == SubscriptionStatus.TRIALING:
        subscription.status = SubscriptionStatus.ACTIVE
    if ends_trial or not counts_on(
        previous.quotas.all(),
        plan.quotas.all(),
        carry_over=plan.quota_on_change == QuotaOnChange.CARRY_OVER,
        anchored_at=subscription.anchored_at,
        anchor_stays=anchor_stays,
        at=at,
    ):
        subscription.quota_epoch += 1
    subscription.pending_plan, subscription.cancel_at_period_end = None, False
    if plan.currency != previous.currency and subscription.spend_cap_amount is not None:
        # It says nothing about another currency.
        subscription.overage_allowed, subscription.spend_cap_amount = False, None
    if choice_by_default(plan).allowed:
        subscription.overage_allowed = True
    subscription.save()
    record(
        actor,
        subscription,
        "trial_ended" if ends_trial else "plan_changed",
        was,
        f"Changed {subscription.product.name} from the plan {previous.name} to {plan.name}",
        from_plan=previous,
        at=at,
    )
    return subscription
