"""What is taken back of an invoice that was issued. Triggers of the database keep a credit note as it was written."""

from django.db import models

from apps.accounts.models import User
from apps.billing.enums import CreditReason
from apps.billing.models.invoices import Invoice, InvoiceLine
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField


class CreditNote(models.Model):
    """A part of an invoice that is not owed, or given back to the card that paid it.

    Amounts are above zero, minor units of the invoice's currency; a refund has its public id as reference.
    """

    public_id = PublicIdField("cn")
    issuer = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    reason = models.CharField(max_length=20, choices=CreditReason)
    # Why, in words of who credits; the consumer reads it.
    note = models.CharField(max_length=300, blank=True)
    subtotal_amount = models.BigIntegerField()
    tax_amount = models.BigIntegerField(default=0)
    total_amount = models.BigIntegerField()
    # Whether the invoice was paid, so that the amount goes back to the card; else it is not to be paid any more.
    is_refund = models.BooleanField()
    issued_at = models.DateTimeField()
    # The person who decided it; nobody where the product did by itself.
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "number"], name="credit_note_number_once"),
            models.CheckConstraint(condition=models.Q(total_amount__gt=0), name="credit_note_of_something"),
            models.CheckConstraint(
                condition=models.Q(total_amount=models.F("subtotal_amount") + models.F("tax_amount")),
                name="credit_note_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(models.Model):
    """What is credited of a line of the invoice: above zero for a charge, below for a discount that it takes along."""

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    invoice_line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credits")
    amount = models.BigIntegerField()
    tax_amount = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["credit_note", "invoice_line"], name="credit_note_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_line_id}: {self.amount}"

    @property
    def total_amount(self) -> int:
        """With the tax on it."""
        return self.amount + self.tax_amount
