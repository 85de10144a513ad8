"""What the consumer does at the end of the paid period, or at once."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.subscriptions.changes import kind_of_change
from apps.subscriptions.enums import ChangeKind, SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.plan_changes import check_can_change, lock_target
from apps.subscriptions.services.writing import lock_own, move, record, schedule, unschedule_own


@transaction.atomic
def cancel_subscription(*, actor: Actor, subscription: Subscription) -> Subscription:
    """End a subscription of the actor's organization now; its keys stop working."""
    subscription = lock_own(actor, subscription)
    return move(actor, subscription, SubscriptionStatus.CANCELED, "canceled", f"Canceled {subscription.product.name}")


@transaction.atomic
def cancel_at_period_end(*, actor: Actor, subscription: Subscription) -> Subscription:
    """End a subscription of the actor's organization with the running period, in place of a change of plan."""
    subscription = lock_own(actor, subscription)
    if subscription.status not in SubscriptionStatus.begun():
        raise Conflict(_("This subscription has no running period. Cancel it now."))
    return _schedule(
        actor, subscription, "cancel_scheduled", f"Canceled {subscription.product.name} at the end of the period"
    )


@transaction.atomic
def schedule_plan_change(*, actor: Actor, subscription: Subscription, plan: Plan) -> Subscription:
    """Move to a plan that costs less when the running period ends, in place of what was planned for it.

    Raises `Conflict` where the change is one that takes effect at once, or cannot be.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    target = lock_target(actor, subscription, plan)
    subscription = lock_own(actor, subscription)
    check_can_change(subscription, target)
    if kind_of_change(subscription.plan, target) is ChangeKind.NOW:
        raise Conflict(_("This change takes effect at once, not at the end of the period."))
    return _schedule(
        actor,
        subscription,
        "plan_change_scheduled",
        f"Changed {subscription.product.name} to the plan {target.name} at the end of the period",
        target,
    )


@transaction.atomic
def undo_scheduled(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Take back what the actor's organization planned for the end of the period. Raises `Conflict` where it did not."""
    subscription = lock_own(actor, subscription)
    unschedule_own(subscription)
    record(actor, subscription, "schedule_undone", subscription.status, f"Kept {subscription.product.name} as it is")
    return subscription


def _schedule(
    actor: Actor, subscription: Subscription, kind: str, summary: str, plan: Plan | None = None
) -> Subscription:
    """Write down what happens at the end of the period: another plan, or the end."""
    schedule(subscription, plan)
    record(actor, subscription, kind, subscription.status, summary)
    return subscription
