"""Invoices, their lines, and the numbers that they bear."""

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.billing.enums import InvoiceReason, InvoiceStatus, LineKind
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.plans.models import Plan
from apps.products.models import Product
from apps.subscriptions.models import Subscription


class NumberSeries(models.Model):
    """The last number that an issuer gave out in a year, of invoices or of credit notes.

    Locked while one is given: there are no gaps.
    """

    issuer = models.CharField(max_length=40)
    prefix = models.CharField(max_length=4, default="INV")  # what its numbers begin with
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [models.UniqueConstraint(fields=["issuer", "prefix", "year"], name="number_series_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.prefix} {self.year}: {self.last_number}"


class Invoice(models.Model):
    """What a consumer owes the platform, once. Triggers of the database keep an issued one as it is.

    Amounts are minor units of `currency`; times are the installation's.
    """

    public_id = PublicIdField("inv")
    issuer = models.CharField(max_length=40)
    number = models.CharField(max_length=20, blank=True)  # empty while it is a draft
    status = models.CharField(max_length=20, choices=InvoiceStatus, default=InvoiceStatus.DRAFT)
    reason = models.CharField(max_length=20, choices=InvoiceReason)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoices")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="invoices")
    # Who is billed and by whom, as they were called when the invoice was issued.
    billed_to = models.JSONField(default=dict)
    issued_by = models.JSONField(default=dict)
    currency = models.CharField(max_length=3)
    # The sum of the lines without tax, the sum of their tax, and both together.
    subtotal_amount = models.BigIntegerField(default=0)
    tax_amount = models.BigIntegerField(default=0)
    total_amount = models.BigIntegerField(default=0)
    # What the tax is called, whether the prices contained it, and what the law wants said about it.
    tax_name = models.CharField(max_length=40, blank=True)
    tax_inclusive = models.BooleanField(default=False)
    tax_note = models.CharField(max_length=300, blank=True)
    # Of a draft: why it is not issued, where its tax could not be reckoned.
    tax_problem = models.CharField(max_length=300, blank=True)
    # The sum of its credit notes, tax included.
    credited_amount = models.BigIntegerField(default=0)
    # What the invoice is for, half-open: the billing period that is paid in advance.
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    # When the default card was to be charged for the first time, of an invoice that nobody pays by hand.
    collected_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    # When it was paid for something that cannot be given any more: the money is to be given back.
    refund_due_at = models.DateTimeField(_("to be refunded since"), null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-issued_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "-issued_at"], name="invoice_by_organization"),
            models.Index(fields=["status"], condition=models.Q(status="draft"), name="invoice_drafts"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "number"], condition=~models.Q(number=""), name="invoice_number_once"
            ),
            # However often, and by however many, the end of a period is worked on.
            models.UniqueConstraint(
                fields=["subscription", "period_start"],
                condition=models.Q(reason="renewal"),
                name="invoice_one_renewal_per_period",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft", number="", issued_at__isnull=True)
                | (~models.Q(status="draft") & ~models.Q(number="") & models.Q(issued_at__isnull=False)),
                name="invoice_numbered_when_issued",
            ),
            models.CheckConstraint(
                condition=models.Q(total_amount=models.F("subtotal_amount") + models.F("tax_amount")),
                name="invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft") | models.Q(total_amount__gt=0), name="invoice_asks_for_something"
            ),
            models.CheckConstraint(
                condition=models.Q(credited_amount__gte=0, credited_amount__lte=models.F("total_amount")),
                name="invoice_credited_within_total",
            ),
            models.CheckConstraint(
                condition=models.Q(refund_due_at__isnull=True) | models.Q(status="paid"),
                name="invoice_refunded_when_paid",
            ),
            models.CheckConstraint(
                condition=models.Q(status="paid", paid_at__isnull=False)
                | (~models.Q(status="paid") & models.Q(paid_at__isnull=True)),
                name="invoice_paid_when",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.public_id}"

    @property
    def due_amount(self) -> int:
        """What is to be paid: the total, less what was credited; nothing of an invoice that is paid or void."""
        return 0 if self.status in (InvoiceStatus.PAID, InvoiceStatus.VOID) else self.creditable_amount

    @property
    def creditable_amount(self) -> int:
        """What was not credited, with tax."""
        return self.total_amount - self.credited_amount

    @property
    def is_credited(self) -> bool:
        """Whether nothing of it is left to credit."""
        return self.credited_amount == self.total_amount

    @property
    def next_attempt_at(self) -> dt.datetime | None:
        """When the default card is tried again, after a charge failed; None where it is not."""
        run = getattr(self, "dunning", None)
        return run.next_attempt_at if run is not None and run.ended_at is None else None


class InvoiceLine(models.Model):
    """One thing that is charged, or (below zero) credited."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=20, choices=LineKind)
    description = models.CharField(max_length=300)
    quantity = models.PositiveBigIntegerField(default=1)
    # Minor units for one; it may be a fraction of a cent. `amount` is the product, rounded once. Once it is
    # issued it is without the tax on it: where prices contain tax, both together are the product.
    unit_amount = models.DecimalField(max_digits=28, decimal_places=8)
    amount = models.BigIntegerField()
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    tax_amount = models.BigIntegerField(default=0)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.description

    @property
    def total_amount(self) -> int:
        """With the tax on it."""
        return self.amount + self.tax_amount

    @property
    def position(self) -> int:
        """Which line of its invoice it is, counted from 1: as people and addresses name it."""
        return [line.pk for line in self.invoice.lines.all()].index(self.pk) + 1
