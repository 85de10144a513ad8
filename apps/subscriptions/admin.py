from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, staff_action
from apps.subscriptions import services
from apps.subscriptions.models import ConsumerBan, StripeSubscription, Subscription, SubscriptionChange


class SubscriptionChangeInline(ReadOnlyInline[SubscriptionChange]):
    model = SubscriptionChange
    fk_name = "subscription"
    fields = ["occurred_at", "kind", "from_status", "to_status", "from_plan", "to_plan", "actor"]
    select_related = ("from_plan", "to_plan", "actor")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    list_display = ["public_id", "organization", "product", "plan", "status", "current_period_end", "created_at"]
    list_filter = [
        "status",
        "collected_by",
        "cancel_at_period_end",
        ("pending_plan", admin.EmptyFieldListFilter),
        "created_at",
    ]
    list_select_related = ["organization", "product", "plan"]
    search_fields = [
        "public_id", "organization__slug", "organization__public_id", "product__slug", "product__public_id",
        "plan__public_id",
    ]  # fmt: skip
    search_help_text = _("A public id, or the address of an organization or a product")
    fields = [
        "organization", "product", "plan", "status", "collected_by", "public_id", "quota_epoch", "created_by",
        "created_at", "started_at", "anchored_at", "current_period_start", "current_period_end", "cancel_at_period_end",
        "pending_plan", "trial_ends_at", "trial_reminded_at", "is_period_waived", "overage_allowed", "spend_cap_amount",
        "paused_at", "canceled_at",
    ]  # fmt: skip
    related_lists = [
        "keys.ApiKey", "usage.QuotaPeriod", "usage.UsageEvent", "usage.Rejection", "accounts.AuditEvent",
    ]  # fmt: skip
    inlines = [SubscriptionChangeInline]
    actions = [
        staff_action(
            "reset_quota",
            _("Reset the quota"),
            consequence=_("These subscriptions get the quotas of their running periods anew, within seconds."),
            row="subscription",
            service=services.reset_quota_by_staff,
        ),
        staff_action(
            "schedule_cancellation",
            _("Cancel at the end of the period"),
            consequence=_(
                "These subscriptions end with their running periods, are not charged again, and their keys stop "
                "working then. Their organizations are told, with your reason."
            ),
            row="subscription",
            service=services.schedule_cancellation_by_staff,
        ),
        staff_action(
            "undo_scheduled",
            _("Undo what is scheduled"),
            consequence=_("The cancellation or change of plan that waits for the end of the period will not happen."),
            row="subscription",
            service=services.undo_scheduled_by_staff,
        ),
        staff_action(
            "ban",
            _("Ban the consumer"),
            consequence=_(
                "These subscriptions are canceled at once, and their organizations cannot subscribe to the products "
                "again. They are told, with your reason."
            ),
            row="subscription",
            service=services.ban_consumer_by_staff,
        ),
        staff_action(
            "lift_ban",
            _("Lift the ban of the consumer"),
            consequence=_("The organizations may subscribe again. The subscriptions stay canceled."),
            row="subscription",
            service=services.lift_ban_by_staff,
        ),
    ]


@admin.register(ConsumerBan)
class ConsumerBanAdmin(ReadOnlyAdmin[ConsumerBan]):
    """Organizations that may not subscribe to a product. Bans are made and lifted at the subscription."""

    list_display = ["organization", "product", "banned_at", "banned_by", "lifted_at"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization", "product", "banned_by"]
    search_fields = ["organization__slug", "organization__public_id", "product__slug", "product__public_id"]
    search_help_text = _("A public id, or the address of an organization or a product")
    fields = ["organization", "product", "reason", "banned_at", "banned_by", "lifted_at", "lifted_by"]


@admin.register(StripeSubscription)
class StripeSubscriptionAdmin(ReadOnlyAdmin[StripeSubscription]):
    """Which of Stripe's subscriptions, bought elsewhere, drive which of ours."""

    list_display = ["reference", "subscription", "synced_at", "created_at"]
    list_select_related = ["subscription__organization", "subscription__product"]
    search_fields = ["reference", "subscription__public_id"]
    search_help_text = _("Stripe's id, or the public id of a subscription")
    fields = ["reference", "subscription", "revision", "synced_at", "created_at"]
