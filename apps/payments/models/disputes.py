from django.db import models

from apps.accounts.models import Organization
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import DisputeStatus, Provider
from apps.payments.models.payments import Payment


class Dispute(models.Model):
    """A cardholder's bank has taken a payment back. It is won (the money returns) or lost."""

    public_id = PublicIdField("dp")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=20, choices=Provider)
    provider_reference = models.CharField(max_length=100)
    # As the bank claims it; more than what is left of the payment where a part was refunded before.
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    # The provider's word for it, such as `fraudulent`.
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=20, choices=DisputeStatus, default=DisputeStatus.NEEDS_RESPONSE)
    # What the provider takes for it besides, in minor units of the same currency.
    fee_amount = models.PositiveBigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # Until when the provider takes evidence.
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_reference"], name="dispute_recorded_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="dispute_of_something"),
            models.CheckConstraint(
                condition=models.Q(status="needs_response", closed_at__isnull=True)
                | models.Q(status__in=["won", "lost"], closed_at__isnull=False),
                name="dispute_closed_when_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"

    @property
    def organization(self) -> Organization:
        """Who paid."""
        return self.payment.organization
