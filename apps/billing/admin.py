from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.billing import services
from apps.billing.coupon_admin import CouponAdmin  # noqa: F401 - registered there
from apps.billing.hosting_admin import HostingTermsAdmin  # noqa: F401 - registered there
from apps.billing.models import (
    BillingProfile,
    Checkout,
    CreditNote,
    CreditNoteLine,
    DunningRun,
    Invoice,
    InvoiceItem,
    InvoiceLine,
    NumberSeries,
    TaxCalculation,
    TaxRate,
    TaxReport,
    UsageCase,
    UsageStretch,
)
from apps.billing.services.booking import journal_source
from apps.core.countries import COUNTRY_CHOICES
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, also_means, staff_action

# Of one number: each issuer has its own.
INVOICES_MAX = 10

_WHOSE = _("A public id, or the address or name of an organization")


@also_means
def invoices_of_number(word: str) -> Iterator[str]:
    """Payments and the journal know an invoice by its public id."""
    for invoice in Invoice.objects.filter(number=word.upper()).exclude(number="")[:INVOICES_MAX]:
        yield invoice.public_id
        yield journal_source(invoice)


class InvoiceLineInline(ReadOnlyInline[InvoiceLine]):
    model = InvoiceLine
    fields = [
        "kind", "description", "quantity", "unit_amount", "amount", "tax_percent", "tax_amount", "plan", "period_start",
        "period_end",
    ]  # fmt: skip
    select_related = ("plan",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin[Invoice]):
    """Invoices as they were issued. Nothing here changes money."""

    list_display = [
        "__str__", "status", "reason", "organization", "product", "total_amount", "currency", "issued_at", "paid_at",
        "refund_due_at",
    ]  # fmt: skip
    list_filter = [
        "status", "reason", ("refund_due_at", admin.EmptyFieldListFilter), ("tax_problem", admin.EmptyFieldListFilter),
        "created_at",
    ]  # fmt: skip
    list_select_related = ["organization", "product"]
    search_fields = [
        "public_id", "number", "organization__slug", "organization__public_id", "organization__name__words",
        "subscription__public_id",
    ]  # fmt: skip
    search_help_text = _("An invoice number, a public id, or the address or name of an organization")
    fields = [
        "number", "public_id", "status", "reason", "organization", "subscription", "product", "billed_to", "issued_by",
        "issuer", "currency", "subtotal_amount", "tax_name", "tax_inclusive", "tax_amount", "tax_note", "tax_problem",
        "total_amount",
        "credited_amount", "period_start", "period_end",
        "created_at", "issued_at", "due_at", "collected_at", "paid_at", "voided_at",
        "refund_due_at",
    ]  # fmt: skip
    related_lists = ["payments.Payment", "billing.CreditNote", "accounts.AuditEvent"]
    inlines = [InvoiceLineInline]
    actions = [
        staff_action(
            "refund",
            _("Refund"),
            consequence=_(
                "What is left of it is given back to the card that paid, with a credit note. One that is not paid is "
                "let off. The creator and the platform bear it in proportion."
            ),
            row="invoice",
            service=services.refund_as_staff,
        )
    ]


class CreditNoteLineInline(ReadOnlyInline[CreditNoteLine]):
    model = CreditNoteLine
    fields = ["invoice_line", "amount", "tax_amount"]
    select_related = ("invoice_line",)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin[CreditNote]):
    """What was taken back of invoices. A refund that failed can be asked for again."""

    list_display = ["number", "invoice", "reason", "is_refund", "total_amount", "issued_at", "created_by"]
    list_filter = ["reason", "is_refund", "issued_at"]
    list_select_related = ["invoice", "created_by"]
    search_fields = ["public_id", "number", "invoice__public_id", "invoice__number"]
    search_help_text = _("The number or public id of a credit note or its invoice")
    fields = [
        "number", "public_id", "issuer", "invoice", "reason", "note", "is_refund", "subtotal_amount", "tax_amount",
        "total_amount", "issued_at", "created_by", "created_at",
    ]  # fmt: skip
    related_lists = ["payments.Refund", "accounts.AuditEvent"]
    inlines = [CreditNoteLineInline]
    actions = [
        staff_action(
            "retry_refund",
            _("Ask for the refund again"),
            consequence=_("The provider is asked once more to give the amount back. Only where it has failed."),
            row="credit_note",
            service=services.retry_refund,
        )
    ]


@admin.register(UsageCase)
class UsageCaseAdmin(ReadOnlyAdmin[UsageCase]):
    """Calls that consumers dispute, and what creators answer."""

    list_display = ["public_id", "status", "line", "asked_amount", "opened_at", "closed_at"]
    list_filter = ["status", "opened_at"]
    list_select_related = ["line"]
    search_fields = ["public_id"]
    search_help_text = _("The public id of a case")
    fields = [
        "public_id", "status", "line", "first_day", "last_day", "endpoint", "text", "asked_amount", "opened_by",
        "opened_at", "answer", "credit_note", "closed_by", "closed_at",
    ]  # fmt: skip
    related_lists = ["accounts.AuditEvent"]


@admin.register(BillingProfile)
class BillingProfileAdmin(ReadOnlyAdmin[BillingProfile]):
    """Who organizations are on their invoices; they keep it themselves."""

    list_display = ["organization", "legal_name", "country", "tax_id", "updated_at"]
    list_select_related = ["organization"]
    search_fields = ["organization__slug", "organization__public_id", "organization__name__words"]
    search_help_text = _WHOSE
    fields = [
        "organization", "legal_name", "address", "country", "postal_code", "state", "tax_id", "email", "created_at",
        "updated_at",
    ]  # fmt: skip


class TaxRateForm(forms.ModelForm[TaxRate]):
    country = forms.ChoiceField(choices=COUNTRY_CHOICES)

    class Meta:
        model = TaxRate
        fields = ["country", "name", "percent", "valid_from"]


@admin.register(TaxRate)
class TaxRateAdmin(StaffAdmin[TaxRate]):
    """The rates that staff keep. An invoice keeps the one that it was issued with."""

    list_display = ["country", "name", "percent", "valid_from"]
    ordering = ["country", "-valid_from"]
    form = TaxRateForm

    def save_model(self, request: HttpRequest, obj: TaxRate, form: Any, change: bool) -> None:
        values = {name: getattr(obj, name) for name in TaxRateForm.Meta.fields}
        saved = services.save_rate(staff=_staff(request), rate=obj if change else None, **values)
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: TaxRate) -> None:
        services.remove_rate(staff=_staff(request), rate=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TaxRate]) -> None:
        for rate in queryset:
            self.delete_model(request, rate)


@admin.register(TaxCalculation)
class TaxCalculationAdmin(ReadOnlyAdmin[TaxCalculation]):
    """What Stripe Tax was asked about invoices, and what it said. Those of purchases that were given up have none."""

    list_display = ["public_id", "organization", "reference", "problem", "created_at", "invoice"]
    list_filter = [("problem", admin.EmptyFieldListFilter), ("invoice", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["organization", "invoice"]
    search_fields = [
        "public_id", "invoice__number", "invoice__public_id", "organization__slug", "organization__public_id",
    ]  # fmt: skip
    search_help_text = _("An invoice number, a public id, or the address of an organization")
    fields = [
        "public_id", "organization", "question", "reference", "answer", "expires_at", "problem", "refused_at",
        "invoice", "created_at",
    ]  # fmt: skip


@admin.register(TaxReport)
class TaxReportAdmin(ReadOnlyAdmin[TaxReport]):
    """Invoices and credit notes that Stripe's tax reports are told of."""

    list_display = ["invoice", "credit_note", "status", "problem", "created_at", "reported_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["invoice", "credit_note"]
    search_fields = ["public_id", "invoice__number", "invoice__public_id", "credit_note__number"]
    search_help_text = _("The number of an invoice or credit note, or a public id")
    fields = [
        "public_id", "invoice", "credit_note", "status", "problem", "reference", "lines", "idempotency_key",
        "created_at", "reported_at",
    ]  # fmt: skip
    actions = [
        staff_action(
            "retry_tax_report",
            _("Ask Stripe again"),
            consequence=_("What it refused is asked again within a minute. Its reason stands at the row."),
            row="report",
            service=services.retry_tax_report,
        )
    ]


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@admin.register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin[Checkout]):
    """Purchases under way and done."""

    list_display = ["public_id", "kind", "status", "organization", "plan", "created_at", "expires_at", "completed_at"]
    list_filter = ["kind", "status"]
    list_select_related = ["organization", "plan"]
    search_fields = [
        "public_id", "organization__slug", "organization__public_id", "organization__name__words",
        "subscription__public_id",
    ]  # fmt: skip
    search_help_text = _WHOSE
    fields = [
        "public_id", "kind", "status", "organization", "subscription", "from_plan", "plan", "invoice", "created_by",
        "created_at", "expires_at", "completed_at",
    ]  # fmt: skip


@admin.register(UsageStretch)
class UsageStretchAdmin(ReadOnlyAdmin[UsageStretch]):
    """Times whose usage beyond the plan is to be charged. One that is long over and not rated waits for the meter."""

    list_display = ["subscription", "quota", "start", "end", "rated_at", "invoice"]
    list_filter = [("rated_at", admin.EmptyFieldListFilter)]
    list_select_related = ["subscription__organization", "subscription__product", "quota", "invoice"]
    search_fields = ["subscription__public_id", "invoice__public_id"]
    search_help_text = _("The public id of a subscription or an invoice")
    fields = ["subscription", "quota", "start", "end", "most_units", "rated_units", "rated_at", "invoice"]


@admin.register(InvoiceItem)
class InvoiceItemAdmin(ReadOnlyAdmin[InvoiceItem]):
    """Lines that wait for the next invoice, and those that did."""

    list_display = ["description", "subscription", "amount", "currency", "created_at", "invoice", "waived_at"]
    list_filter = [("invoice", admin.EmptyFieldListFilter), ("waived_at", admin.EmptyFieldListFilter)]
    list_select_related = ["subscription__organization", "subscription__product", "invoice"]
    search_fields = ["subscription__public_id", "invoice__public_id", "source"]
    search_help_text = _("The public id of a subscription or an invoice, or a source")
    fields = [
        "subscription", "kind", "description", "quantity", "unit_amount", "amount", "currency", "plan", "period_start",
        "period_end", "source", "created_at", "invoice", "waived_at",
    ]  # fmt: skip


@admin.register(DunningRun)
class DunningRunAdmin(ReadOnlyAdmin[DunningRun]):
    """Invoices that could not be charged: how often the card was tried again, and when it is next."""

    list_display = ["invoice", "organization", "started_at", "attempts", "next_attempt_at", "given_up_at", "ended_at"]
    list_filter = [("given_up_at", admin.EmptyFieldListFilter), ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["invoice__organization"]
    search_fields = ["invoice__public_id", "invoice__number", "invoice__organization__slug"]
    search_help_text = _("An invoice number, a public id, or the address of an organization")
    fields = ["invoice", "started_at", "attempts", "next_attempt_at", "given_up_at", "ended_at"]

    @admin.display(description=_("organization"))
    def organization(self, run: DunningRun) -> str:
        return str(run.invoice.organization)


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnlyAdmin[NumberSeries]):
    list_display = ["issuer", "prefix", "year", "last_number"]
    fields = ["issuer", "prefix", "year", "last_number"]
