"""The provider's list of what it moved, held against the books."""

from django.db import models

from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import Provider
from apps.payouts.enums import FaultKind


class ReconciliationRun(models.Model):
    """One comparison of `[since, until)`."""

    public_id = PublicIdField("rec")
    provider = models.CharField(max_length=20, choices=Provider)
    since = models.DateTimeField()
    until = models.DateTimeField()
    # How many transactions the provider listed, and how many entries of the books were held against them.
    transactions = models.PositiveIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.provider} {self.since:%Y-%m-%d} – {self.until:%Y-%m-%d}"


class ReconciliationFault(models.Model):
    """One difference: named by the provider's transaction, the entry of the books, or both."""

    run = models.ForeignKey(ReconciliationRun, on_delete=models.CASCADE, related_name="faults")
    kind = models.CharField(max_length=20, choices=FaultKind)
    # The source of the journal entry; empty where the books have none.
    source = models.CharField(max_length=100, blank=True)
    transaction = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3)
    # Minor units, above zero where money came in; null on the side that does not have it.
    booked_amount = models.BigIntegerField(null=True, blank=True)
    provider_amount = models.BigIntegerField(null=True, blank=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.source or self.transaction}"
