from django.db import models

from apps.accounts.models import User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import RefundStatus
from apps.payments.models.payments import Payment


class Refund(models.Model):
    """Money of a payment that goes back to its card; the row is there before the provider is asked."""

    public_id = PublicIdField("re")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=RefundStatus, default=RefundStatus.PROCESSING)
    reason = models.CharField(max_length=200)
    # What it is given back for, such as a credit note's public id.
    reference = models.CharField(max_length=40)
    idempotency_key = models.CharField(max_length=60, unique=True)
    provider_reference = models.CharField(max_length=100, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # When one that had succeeded failed after all: the money is with the provider again.
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["reference"], name="refund_by_reference"),
            models.Index(
                fields=["created_at"], condition=models.Q(status="processing"), name="refund_processing_by_age"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_of_something"),
            models.CheckConstraint(
                condition=models.Q(status="processing", settled_at__isnull=True)
                | models.Q(status__in=["succeeded", "failed"], settled_at__isnull=False),
                name="refund_settled_when_known",
            ),
            models.CheckConstraint(
                condition=models.Q(returned_at__isnull=True) | models.Q(status="failed"),
                name="refund_returned_is_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"
