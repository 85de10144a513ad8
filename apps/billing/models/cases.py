"""Calls on an invoice that a consumer disputes."""

from django.db import models

from apps.accounts.models import User
from apps.billing.enums import CaseStatus
from apps.billing.models.credit_notes import CreditNote
from apps.billing.models.invoices import InvoiceLine
from apps.core.ids import PublicIdField
from apps.products.models import Endpoint


class UsageCase(models.Model):
    """What a consumer says is wrong with a line of usage, and what the creator answers.

    Amounts are minor units of the invoice's currency, tax included; days are UTC, both of them meant.
    """

    public_id = PublicIdField("case")
    line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="cases")
    status = models.CharField(max_length=20, choices=CaseStatus, default=CaseStatus.OPEN)
    # Which calls are meant: those of some days, of one endpoint; all of the line where neither is said.
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    asked_amount = models.BigIntegerField()
    answer = models.TextField(max_length=2000, blank=True)
    # What came of it, where it was accepted, whole or in part.
    credit_note = models.OneToOneField(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="usage_case"
    )
    opened_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # When it was answered or withdrawn.
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=models.Q(status="open"), name="usage_case_one_open"),
            models.CheckConstraint(condition=models.Q(asked_amount__gt=0), name="usage_case_asks_for_something"),
            models.CheckConstraint(
                condition=models.Q(first_day__isnull=True, last_day__isnull=True)
                | models.Q(first_day__lte=models.F("last_day")),
                name="usage_case_days_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at__isnull=True)
                | (~models.Q(status="open") & models.Q(closed_at__isnull=False)),
                name="usage_case_closed_when",
            ),
            models.CheckConstraint(
                condition=models.Q(status="accepted", credit_note__isnull=False)
                | (~models.Q(status="accepted") & models.Q(credit_note__isnull=True)),
                name="usage_case_accepted_with_a_credit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"
