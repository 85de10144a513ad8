"""Balances below zero: what is taken back, and what is given up."""

from django.db import models

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payouts.enums import RecoveryStatus
from apps.payouts.models.payouts import Payout


class Recovery(models.Model):
    """Taking a transfer back, of a creator whose balance is below zero. What is refused is tried again."""

    public_id = PublicIdField("rcv")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="recoveries")
    # Minor units of the payout's currency: what is asked for at the next attempt, or was taken back.
    amount = models.PositiveBigIntegerField()
    status = models.CharField(max_length=20, choices=RecoveryStatus, default=RecoveryStatus.PROCESSING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Of the attempt under way; a new one for each, as a provider's answer to a key never changes.
    idempotency_key = models.CharField(max_length=60, unique=True)
    reference = models.CharField(max_length=100, blank=True)
    failure_code = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "recoveries"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="recovery_of_something"),
            models.UniqueConstraint(
                fields=["payout"], condition=models.Q(status__in=["processing", "owed"]), name="recovery_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"


class WriteOff(models.Model):
    """A balance below zero that the platform gives up."""

    public_id = PublicIdField("wo")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="write_offs")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="write_off_of_something")]

    def __str__(self) -> str:
        return self.public_id
