"""What staff do to a subscription of any organization. Each leaves a line of the history and an audit event."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.state import check_transition


@transaction.atomic
def reset_quota_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """Give the subscription the quotas of the running periods anew."""
    subscription, reason = _locked(staff, subscription, reason)
    subscription.quota_epoch += 1
    subscription.save(update_fields=["quota_epoch"])
    _record(staff, subscription, "quota_reset", subscription.status, f"Staff reset the quota: {reason}")
    return subscription


@transaction.atomic
def schedule_cancellation_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """End the subscription with its running billing period; now, where it has none."""
    subscription, reason = _locked(staff, subscription, reason)
    previous = subscription.status
    if subscription.current_period_end is None:
        check_transition(subscription.status, SubscriptionStatus.CANCELED)
        subscription.status = SubscriptionStatus.CANCELED
        subscription.canceled_at = clock.now()
        subscription.paused_at = None
        subscription.save(update_fields=["status", "canceled_at", "paused_at"])
        _record(staff, subscription, "canceled", previous, f"Staff canceled the subscription: {reason}")
        return subscription
    if subscription.cancel_at_period_end:
        raise Conflict(_("This subscription ends with its period already."))
    subscription.cancel_at_period_end = True
    subscription.pending_plan = None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])
    summary = f"Staff scheduled the end of the subscription: {reason}"
    _record(staff, subscription, "cancellation_scheduled", previous, summary)
    return subscription


@transaction.atomic
def undo_scheduled_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """Let the subscription go on as it is beyond the end of its period."""
    subscription, reason = _locked(staff, subscription, reason)
    if not subscription.cancel_at_period_end and subscription.pending_plan_id is None:
        raise Conflict(_("Nothing is scheduled for this subscription."))
    subscription.cancel_at_period_end = False
    subscription.pending_plan = None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])
    _record(staff, subscription, "schedule_undone", subscription.status, f"Staff undid what was scheduled: {reason}")
    return subscription


def _locked(staff: User, subscription: Subscription, reason: str) -> tuple[Subscription, str]:
    require_staff(staff, "subscriptions.change_subscription")
    reason = checked_reason(reason)
    subscription = lock_subscription(subscription, Q())
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled."))
    return subscription, reason


def _record(staff: User, subscription: Subscription, kind: str, previous: str, summary: str) -> None:
    SubscriptionChange.objects.create(
        subscription=subscription,
        kind=kind,
        from_status=previous,
        to_status=subscription.status,
        to_plan=subscription.plan,
        actor=staff,
        occurred_at=clock.now(),
    )
    record_event(
        organization=subscription.organization,
        actor=staff,
        action=f"subscription.{kind}",
        target=subscription.public_id,
        summary=summary,
    )
    announce(f"subscription:{subscription.pk}")
