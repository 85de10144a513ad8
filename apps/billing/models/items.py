"""What waits for the next invoice of a subscription."""

from django.db import models

from apps.billing.enums import LineKind
from apps.billing.models.invoices import Invoice
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription


class InvoiceItemQuerySet(models.QuerySet["InvoiceItem"]):
    def waiting(self) -> "InvoiceItemQuerySet":
        """Neither on an invoice nor waived."""
        return self.filter(invoice__isnull=True, waived_at__isnull=True)


class InvoiceItem(models.Model):
    """A line that is charged, or credited, with the next invoice in its currency: late, or too little for one.

    It is on an invoice once, or waived at the end of the subscription; both are final.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoice_items")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=20, choices=LineKind)
    description = models.CharField(max_length=300)
    quantity = models.PositiveBigIntegerField(default=1)
    unit_amount = models.DecimalField(max_digits=28, decimal_places=8)
    amount = models.BigIntegerField()
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    # What it is for, such as `late:7:1200`: once.
    source = models.CharField(max_length=80, unique=True)
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    waived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = InvoiceItemQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["subscription"],
                condition=models.Q(invoice__isnull=True, waived_at__isnull=True),
                name="invoice_item_waiting",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(invoice__isnull=True) | models.Q(waived_at__isnull=True),
                name="invoice_item_charged_or_waived",
            ),
        ]

    def __str__(self) -> str:
        return self.description
