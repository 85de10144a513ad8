"""What Stripe Tax said of invoices, and what was told to it of those that were paid."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.billing.enums import TaxReportStatus
from apps.billing.models.credit_notes import CreditNote
from apps.billing.models.invoices import Invoice
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField

PROBLEM_MAX = 300


class TaxCalculation(models.Model):
    """A question to Stripe Tax and its answer. One invoice at most is issued with it, and then it never changes."""

    # With it Stripe is asked: one answer for each.
    public_id = PublicIdField("taxq")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    # Of `question`: what is asked, and of whose purchase of which product.
    digest = models.CharField(max_length=64)
    question = models.JSONField()
    # Empty until it is answered. `answer`: the tax and percentage of each line, what it is called, why there is none.
    reference = models.CharField(max_length=100, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Why there is no answer, in Stripe's words; `refused_at`: and asking the same again brings none.
    problem = models.CharField(max_length=PROBLEM_MAX, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    invoice = models.OneToOneField(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="tax_calculation"
    )
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["digest"], condition=Q(invoice__isnull=True), name="tax_calculation_unused"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=True) | ~Q(reference=""), name="tax_calculation_used_when_answered"
            )
        ]

    def __str__(self) -> str:
        return self.reference or self.public_id


class TaxReport(models.Model):
    """What Stripe's tax reports are to say: that an invoice was paid, or (with a credit note) what was taken back.

    The row is there before Stripe is asked.
    """

    public_id = PublicIdField("taxr")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="tax_reports")
    credit_note = models.OneToOneField(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="tax_report"
    )
    status = models.CharField(max_length=20, choices=TaxReportStatus, default=TaxReportStatus.WAITING)
    # Another one only where Stripe has kept a failure as the answer to the one before.
    idempotency_key = models.CharField(max_length=60, unique=True)
    # Stripe's reference of its transaction. `lines`: of a sale, Stripe's references of its lines by ours, each with
    # amount and tax; of a credit note, what of each is taken back.
    reference = models.CharField(max_length=100, blank=True)
    lines = models.JSONField(default=list, blank=True)
    problem = models.CharField(_("why it waits"), max_length=PROBLEM_MAX, blank=True)
    created_at = TimestampField(auto_now_add=True)
    reported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=Q(status="waiting"), name="tax_report_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(credit_note__isnull=True), name="tax_report_one_sale"
            ),
            models.CheckConstraint(
                condition=Q(status="reported", reported_at__isnull=False)
                | (~Q(status="reported") & Q(reported_at__isnull=True)),
                name="tax_report_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_note or self.invoice}: {self.get_status_display()}"
