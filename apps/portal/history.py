"""The history of a subscription in words."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.subscriptions.models import SubscriptionChange


@dataclass(frozen=True)
class Line:
    change: SubscriptionChange
    text: str
    icon: str
    tone: str


_LOOKS: dict[str, tuple[str | Promise, str, str]] = {
    "started": (gettext_lazy("Subscribed to the plan %(plan)s"), "check", "green"),
    "activated": (gettext_lazy("The first payment came: calls pass"), "check", "green"),
    "approved": (gettext_lazy("Approved by the creator"), "check", "green"),
    "declined": (gettext_lazy("Declined by the creator"), "cross", "red"),
    "abandoned": (gettext_lazy("Given up before it began"), "cross", "neutral"),
    "past_due": (gettext_lazy("A payment failed; it is tried again"), "alert", "amber"),
    "unpaid": (gettext_lazy("No payment came: calls are refused"), "alert", "red"),
    "paid": (gettext_lazy("Paid what was due"), "check", "green"),
    "trial_begun": (gettext_lazy("The trial began: calls pass"), "check", "green"),
    "trial_ended": (gettext_lazy("The trial ended, and the first paid period began"), "clock", "neutral"),
    "trial_unpaid": (gettext_lazy("The trial ended without a card: the keys stopped working"), "cross", "red"),
    "overage_changed": (gettext_lazy("What may be spent on extra units was changed"), "rotate", "neutral"),
    "banned": (gettext_lazy("Banned by the creator"), "cross", "red"),
    "period_restarted": (gettext_lazy("A new period began, as the one before was not charged"), "rotate", "neutral"),
    "canceled_unpaid": (gettext_lazy("Canceled: no payment came"), "cross", "red"),
    "plan_change_scheduled": (gettext_lazy("Another plan was chosen for the next period"), "clock", "neutral"),
    "migration_scheduled": (gettext_lazy("The creator renews the plan in a new version"), "clock", "neutral"),
    "product_retired": (gettext_lazy("Canceled: the creator retired the product"), "cross", "red"),
    "cancel_scheduled": (gettext_lazy("Canceled for the end of the period"), "clock", "amber"),
    "schedule_undone": (gettext_lazy("What was planned for the end of the period was undone"), "rotate", "neutral"),
    "ended": (gettext_lazy("Ended with its period: the keys stopped working"), "cross", "red"),
    "paused": (gettext_lazy("Paused: calls are refused"), "pause", "amber"),
    "paused_at_stripe": (gettext_lazy("Paused at Stripe: calls are refused"), "pause", "amber"),
    "handed_to_stripe": (gettext_lazy("Bought elsewhere: Stripe charges it from now on"), "rotate", "neutral"),
    "resumed": (gettext_lazy("Resumed: calls pass again"), "check", "green"),
    "canceled": (gettext_lazy("Canceled: the keys stopped working"), "cross", "red"),
    "quota_reset": (gettext_lazy("The creator reset the quota of the running period"), "rotate", "neutral"),
}


def line(change: SubscriptionChange) -> Line:
    """A line of the history; `change` comes with its plans."""
    if change.kind == "plan_changed" and change.from_plan is not None:
        text = _("Moved from the plan %(before)s to %(after)s")
        return Line(change, text % {"before": change.from_plan.name, "after": change.to_plan.name}, "rotate", "neutral")
    words, icon, tone = _LOOKS.get(change.kind, (change.kind, "info", "neutral"))
    return Line(change, str(words) % {"plan": change.to_plan.name}, icon, tone)
