"""The sandbox provider's own books: what it answered to each idempotency key. Only the provider reads them."""

from django.db import models

from apps.core.timestamps import TimestampField
from apps.payments.enums import DisputeStatus, SandboxAnswer, SandboxConduct, SandboxMovementKind


class SandboxCharge(models.Model):
    idempotency_key = models.CharField(max_length=60, unique=True)
    token = models.CharField(max_length=200)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=100, unique=True)
    decline_code = models.CharField(max_length=40, blank=True)
    # Where the cardholder is asked to confirm it; empty where nobody is.
    action_url = models.URLField(max_length=500, blank=True)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference


class SandboxConfirmation(models.Model):
    """What became of a charge that the cardholder was asked to confirm."""

    charge = models.OneToOneField(SandboxCharge, on_delete=models.PROTECT, related_name="confirmation")
    answer = models.CharField(max_length=20, choices=SandboxAnswer)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.charge_id} {self.answer}"


class SandboxMovement(models.Model):
    """A refund, a transfer or the reversal of one: money that left the platform's balance, or came back to it."""

    idempotency_key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=SandboxMovementKind)
    # What it is of: the reference of a charge, of an account, or of a transfer.
    subject = models.CharField(max_length=100, db_index=True)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=100, unique=True)
    failure_code = models.CharField(max_length=40, blank=True)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference


class SandboxDispute(models.Model):
    charge = models.OneToOneField(SandboxCharge, on_delete=models.PROTECT, related_name="dispute")
    reference = models.CharField(max_length=100, unique=True)
    amount = models.PositiveBigIntegerField()
    fee_amount = models.PositiveBigIntegerField()
    status = models.CharField(max_length=20, choices=DisputeStatus, default=DisputeStatus.NEEDS_RESPONSE)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.reference


class SandboxAccount(models.Model):
    """Where transfers go. Its conduct is chosen on the page on which it is set up."""

    idempotency_key = models.CharField(max_length=100, unique=True)
    reference = models.CharField(max_length=100, unique=True)
    # The public id of the organization that it was opened for.
    holder = models.CharField(max_length=32)
    email = models.EmailField()
    country = models.CharField(max_length=2)
    details_submitted = models.BooleanField(default=False)
    conduct = models.CharField(max_length=20, choices=SandboxConduct, default=SandboxConduct.TAKES)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference
