"""Every write of subscriptions. Each is a line of the history, and live in the gateway within seconds."""

from apps.subscriptions.services.bans import ban_consumer, ban_consumer_by_staff, lift_ban, lift_ban_by_staff
from apps.subscriptions.services.beginnings import (
    abandon,
    activate,
    activate_trial,
    approve_consumer,
    decline_consumer,
    subscribe,
)
from apps.subscriptions.services.consumers import pause_consumer, reset_quota, resume_consumer
from apps.subscriptions.services.elsewhere import Standing, begin_elsewhere, follow_elsewhere, hand_to_stripe
from apps.subscriptions.services.endings import (
    cancel_at_period_end,
    cancel_subscription,
    schedule_plan_change,
    undo_scheduled,
)
from apps.subscriptions.services.migrations import migrate_subscribers
from apps.subscriptions.services.overage import set_overage
from apps.subscriptions.services.payments import (
    cancel_unpaid,
    mark_paid,
    mark_past_due,
    mark_unpaid,
    restart_period,
)
from apps.subscriptions.services.plan_changes import begin_next_period, change_plan_now, end_trial_unpaid
from apps.subscriptions.services.staff import (
    reset_quota_by_staff,
    schedule_cancellation_by_staff,
    undo_scheduled_by_staff,
)

__all__ = [
    "Standing",
    "abandon",
    "activate",
    "activate_trial",
    "approve_consumer",
    "ban_consumer",
    "ban_consumer_by_staff",
    "begin_elsewhere",
    "begin_next_period",
    "cancel_at_period_end",
    "cancel_subscription",
    "cancel_unpaid",
    "change_plan_now",
    "decline_consumer",
    "end_trial_unpaid",
    "follow_elsewhere",
    "hand_to_stripe",
    "lift_ban",
    "lift_ban_by_staff",
    "mark_paid",
    "mark_past_due",
    "mark_unpaid",
    "migrate_subscribers",
    "pause_consumer",
    "reset_quota",
    "reset_quota_by_staff",
    "restart_period",
    "resume_consumer",
    "schedule_cancellation_by_staff",
    "schedule_plan_change",
    "set_overage",
    "subscribe",
    "undo_scheduled",
    "undo_scheduled_by_staff",
]
