"""Payouts, and who approved them."""

from django.db import models

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payouts.enums import PayoutMethod, PayoutStatus
from apps.payouts.models.accounts import PayoutAccount

REFERENCE_MAX = 200


class Payout(models.Model):
    """Money on its way from a creator's balance to their account. Triggers guard what is final.

    `amount` is in minor units of `currency`; it leaves the balance when the row is made.
    """

    public_id = PublicIdField("po")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payouts")
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts")
    method = models.CharField(max_length=20, choices=PayoutMethod)
    # Where it is sent, as the account said when the payout was made.
    destination = models.JSONField(default=dict)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=PayoutStatus)
    # How many of the staff must agree, none of them who asked for it.
    approvals_needed = models.PositiveSmallIntegerField(default=0)
    # Nobody where the schedule did.
    requested_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    scheduled_on = models.DateField(null=True, blank=True)
    # The payout that came back, and in whose place this one is: one for each.
    retry_of = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="retry")
    idempotency_key = models.CharField(max_length=60, unique=True)
    # The provider's id of the transfer, or what staff wrote down for one that they made.
    reference = models.CharField(max_length=REFERENCE_MAX, blank=True)
    failure_code = models.CharField(max_length=REFERENCE_MAX, blank=True)
    created_at = TimestampField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    # Since when the answer of the provider is waited for.
    sent_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    # When the money was back in the balance.
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="payout_by_organization"),
            models.Index(
                fields=["status"],
                condition=models.Q(status__in=["pending_approval", "approved", "held", "sending"]),
                name="payout_open",
            ),
            models.Index(fields=["reference"], name="payout_by_reference"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payout_of_something"),
            # However often, and by however many, the schedule is worked on.
            models.UniqueConstraint(fields=["organization", "currency", "scheduled_on"], name="payout_scheduled_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["paid", "reversed"], paid_at__isnull=False)
                | (~models.Q(status__in=["paid", "reversed"]) & models.Q(paid_at__isnull=True)),
                name="payout_paid_when",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["failed", "canceled", "reversed"], returned_at__isnull=False)
                | (~models.Q(status__in=["failed", "canceled", "reversed"]) & models.Q(returned_at__isnull=True)),
                name="payout_returned_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"


class PayoutApproval(models.Model):
    """One of the staff agrees to a payout."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="approvals")
    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["payout", "staff"], name="payout_approved_once_by_each")]

    def __str__(self) -> str:
        return f"{self.payout_id} · {self.staff}"
