from django.db import models

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField
from apps.plans.models import Plan
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus


class Subscription(models.Model):
    """An organization's right to call a product under a plan."""

    public_id = PublicIdField("sub")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="subscriptions")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=20, choices=SubscriptionStatus)
    # The anchor of the periods of quotas that begin with the subscription.
    started_at = models.DateTimeField()
    # Raised by a reset of the quota: counters of an earlier epoch no longer count.
    quota_epoch = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "product"],
                condition=~models.Q(status="canceled"),
                name="subscription_one_live_per_product",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=SubscriptionStatus.values), name="subscription_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.product}"


class SubscriptionChange(models.Model):
    """The history of a subscription, a line for each change; only added to."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=30)  # started, paused, resumed, canceled, plan_changed, quota_reset
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    from_plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    to_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["-occurred_at", "-id"]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.kind}"
