"""Usage that is to be charged."""

from django.db import models

from apps.billing.models.invoices import Invoice
from apps.plans.models import Quota
from apps.subscriptions.models import Subscription


class UsageStretch(models.Model):
    """A time `[start, end)` under one plan whose overage is to be charged, and the invoice that did.

    Written when the plan or the period ends; rated once the meter has stored every call that began before `end`.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="usage_stretches")
    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    # How many extra units are charged at most: what the consumer had allowed, or the plan's cap where that was changed
    # within the stretch. Empty: the plan's cap.
    most_units = models.PositiveBigIntegerField(null=True, blank=True)
    # How many extra units were charged so far, also later than with the invoice; it only grows.
    rated_units = models.PositiveBigIntegerField(null=True, blank=True)
    # Empty until it is rated; then also where nothing was to be charged.
    rated_at = models.DateTimeField(null=True, blank=True)
    invoice = models.ForeignKey(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="usage_stretches"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "end"], name="usage_stretch_once"),
            models.CheckConstraint(condition=models.Q(start__lt=models.F("end")), name="usage_stretch_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.start:%Y-%m-%d} – {self.end:%Y-%m-%d}"
