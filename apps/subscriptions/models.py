from django.db import models

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.plans.models import Plan
from apps.products.models import Product
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus


class Subscription(models.Model):
    """An organization's right to call a product under a plan."""

    public_id = PublicIdField("sub")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="subscriptions")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=20, choices=SubscriptionStatus)
    # Of one that Stripe collects, `StripeSubscription` says which it is there.
    collected_by = models.CharField(max_length=10, choices=CollectedBy, default=CollectedBy.PLATFORM)
    started_at = models.DateTimeField()
    # Where the billing periods, and the periods of quotas that begin with the subscription, are counted from: the
    # start, moved by a change to another billing interval or from a free plan to a paid one.
    anchored_at = models.DateTimeField()
    # The running billing period `[start, end)`; none before the subscription is active.
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    # What happens at its end: the subscription ends, or goes on under another plan.
    cancel_at_period_end = models.BooleanField(default=False)
    pending_plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # The running period was not charged, as the keys did not work when it began.
    is_period_waived = models.BooleanField(default=False)
    # The end of its trial, which is its first period; empty without one.
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    trial_reminded_at = models.DateTimeField(null=True, blank=True)
    # Whether units beyond a quota pass where the plan charges them, and what they may cost in a period (minor units;
    # empty: up to the plan's own cap).
    overage_allowed = models.BooleanField(default=False)
    spend_cap_amount = models.PositiveBigIntegerField(null=True, blank=True)
    # Raised by a reset of the quota: counters of an earlier epoch no longer count.
    quota_epoch = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

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
            models.CheckConstraint(
                condition=models.Q(collected_by__in=CollectedBy.values), name="subscription_collector_known"
            ),
            models.CheckConstraint(
                condition=models.Q(current_period_start__isnull=True, current_period_end__isnull=True)
                | models.Q(current_period_start__lt=models.F("current_period_end")),
                name="subscription_period_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(spend_cap_amount__isnull=True) | models.Q(overage_allowed=True),
                name="subscription_cap_on_what_is_allowed",
            ),
        ]
        # What is due at the end of a period is found by it.
        indexes = [models.Index(fields=["current_period_end"], name="subscription_due")]

    def __str__(self) -> str:
        return f"{self.organization} · {self.product}"

    @property
    def is_migrating(self) -> bool:
        """Whether its creator has it go on under another version of its plan."""
        return self.pending_plan is not None and self.pending_plan.slug == self.plan.slug

    @property
    def is_in_trial(self) -> bool:
        """Whether the running period is its trial, also while it is paused."""
        return self.trial_ends_at is not None and self.trial_ends_at == self.current_period_end


class StripeSubscription(models.Model):
    """Which subscription of Stripe's, made elsewhere, drives one of ours."""

    subscription = models.OneToOneField(Subscription, on_delete=models.PROTECT, related_name="at_stripe")
    reference = models.CharField(max_length=100, unique=True)
    # Raised whenever it is brought to what Stripe says: an answer that was asked for before is not used any more.
    revision = models.PositiveIntegerField(default=0)
    synced_at = models.DateTimeField()
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference


class SubscriptionChange(models.Model):
    """The history of a subscription, a line for each change; only added to."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(
        max_length=30
    )  # such as started, paused, plan_changed; `subscriptions.services` writes them
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    from_plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    to_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    quota_epoch = models.PositiveIntegerField(default=0)  # that of the subscription since this change
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["-occurred_at", "-id"]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.kind}"


class ConsumerBanQuerySet(models.QuerySet["ConsumerBan"]):
    def running(self) -> "ConsumerBanQuerySet":
        return self.filter(lifted_at__isnull=True)


class ConsumerBan(models.Model):
    """An organization that may not subscribe to a product, until that is lifted."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="bans")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="bans")
    reason = models.CharField(max_length=1000, blank=True)
    banned_at = models.DateTimeField()
    banned_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ConsumerBanQuerySet.as_manager()

    class Meta:
        ordering = ["-banned_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "organization"],
                condition=models.Q(lifted_at__isnull=True),
                name="consumer_banned_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.product}"
