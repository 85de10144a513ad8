"""What staff do to a subscription of any organization."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core.errors import Conflict
from apps.notifications.services import notify
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import check_managed_here, lock_any, record, renew_quota, schedule, unschedule


@transaction.atomic
def reset_quota_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """Give the subscription the quotas of the running periods anew."""
    subscription, reason = _locked(staff, subscription, reason)
    renew_quota(subscription)
    summary = f"Staff reset the quota of {subscription.product.name}: {reason}"
    record(None, subscription, "quota_reset", subscription.status, summary, staff=staff)
    return subscription


@transaction.atomic
def schedule_cancellation_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """End the subscription with its running period, in place of a change of plan; its organization is told."""
    subscription, reason = _locked(staff, subscription, reason)
    check_managed_here(subscription)
    if subscription.status not in SubscriptionStatus.begun():
        raise Conflict(_("This subscription has no running period."))
    schedule(subscription, None)
    summary = f"Staff canceled {subscription.product.name} at the end of the period: {reason}"
    record(None, subscription, "cancel_scheduled", subscription.status, summary, staff=staff)
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
    check_managed_here(subscription)
    unschedule(subscription)
    summary = f"Staff kept {subscription.product.name} as it is: {reason}"
    record(None, subscription, "schedule_undone", subscription.status, summary, staff=staff)
    return subscription


def _locked(staff: User, subscription: Subscription, reason: str) -> tuple[Subscription, str]:
    require_staff(staff, "subscriptions.change_subscription")
    reason = checked_reason(reason)
    return lock_any(subscription), reason
