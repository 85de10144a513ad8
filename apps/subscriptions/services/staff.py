"""What staff do to a subscription of any organization."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict
from apps.notifications.services import notify
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.services.writing import lock_any


@transaction.atomic
def reset_quota_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """Give the subscription the quotas of the running periods anew."""
    subscription, reason = _locked(staff, subscription, reason)
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled."))
    subscription.quota_epoch += 1
    subscription.save(update_fields=["quota_epoch"])
    summary = f"Staff reset the quota of {subscription.product.name}: {reason}"
    _record(staff, subscription, "quota_reset", summary)
    return subscription


@transaction.atomic
def schedule_cancellation_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """End the subscription with its running period, in place of a change of plan; its organization is told."""
    subscription, reason = _locked(staff, subscription, reason)
    if subscription.status not in SubscriptionStatus.begun():
        raise Conflict(_("This subscription has no running period."))
    if subscription.cancel_at_period_end:
        raise Conflict(_("This subscription ends with the running period already."))
    subscription.cancel_at_period_end, subscription.pending_plan = True, None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])
    summary = f"Staff canceled {subscription.product.name} at the end of the period: {reason}"
    _record(staff, subscription, "cancel_scheduled", summary)
    notify(
        organization=subscription.organization,
        kind="subscription.cancel_scheduled",
        title=f"Your subscription to {subscription.product.name} ends with its period",
        body=f"The platform's staff have canceled it. Their reason: {reason}",
        url=f"/o/{subscription.organization.slug}/subscriptions/{subscription.public_id}/",
        action=Action.SUBSCRIPTIONS_MANAGE,
    )
    return subscription


@transaction.atomic
def undo_scheduled_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """Let the subscription go on as it is after the running period. Raises `Conflict` where nothing was planned."""
    subscription, reason = _locked(staff, subscription, reason)
    if not (subscription.cancel_at_period_end or subscription.pending_plan):
        raise Conflict(_("Nothing is planned for the end of the period."))
    subscription.cancel_at_period_end, subscription.pending_plan = False, None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])
    summary = f"Staff kept {subscription.product.name} as it is: {reason}"
    _record(staff, subscription, "schedule_undone", summary)
    return subscription


def _locked(staff: User, subscription: Subscription, reason: str) -> tuple[Subscription, str]:
    require_staff(staff, "subscriptions.change_subscription")
    reason = checked_reason(reason)
    return lock_any(subscription), reason


def _record(staff: User, subscription: Subscription, kind: str, summary: str) -> None:
    """As every write of a subscription leaves them; the audit event is told to the consumer's organization."""
    SubscriptionChange.objects.create(
        subscription=subscription,
        kind=kind,
        from_status=subscription.status,
        to_status=subscription.status,
        to_plan=subscription.plan,
        quota_epoch=subscription.quota_epoch,
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
