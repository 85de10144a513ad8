from django.contrib import admin

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.subscriptions.models import Subscription, SubscriptionChange


class SubscriptionChangeInline(ReadOnlyInline[SubscriptionChange]):
    model = SubscriptionChange
    fk_name = "subscription"
    fields = ["occurred_at", "kind", "from_status", "to_status", "from_plan", "to_plan", "actor"]
    select_related = ("from_plan", "to_plan", "actor")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    list_display = ["organization", "product", "plan", "status", "started_at", "canceled_at"]
    list_filter = ["status"]
    list_select_related = ["organization", "product", "plan"]
    search_fields = ["public_id", "organization__name", "organization__slug", "product__name", "product__slug"]
    ordering = ["-created_at"]
    fields = [
        "organization", "product", "plan", "status", "public_id", "quota_epoch", "created_by",
        "created_at", "started_at", "paused_at", "canceled_at",
    ]  # fmt: skip
    inlines = [SubscriptionChangeInline]
