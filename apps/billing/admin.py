from collections.abc import Iterator

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.billing import services
from apps.billing.models import Checkout, Coupon, CouponRedemption, Invoice, InvoiceLine, NumberSeries, UsageStretch
from apps.billing.services.booking import journal_source
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, also_means, staff_action

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
    fields = ["kind", "description", "quantity", "unit_amount", "amount", "plan", "period_start", "period_end"]
    select_related = ("plan",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin[Invoice]):
    """Invoices as they were issued. Nothing here changes money."""

    list_display = [
        "__str__", "status", "reason", "organization", "product", "total_amount", "currency", "issued_at", "paid_at",
        "refund_due_at",
    ]  # fmt: skip
    list_filter = ["status", "reason", ("refund_due_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["organization", "product"]
    search_fields = [
        "public_id", "number", "organization__slug", "organization__public_id", "organization__name__words",
        "subscription__public_id",
    ]  # fmt: skip
    search_help_text = _("An invoice number, a public id, or the address or name of an organization")
    fields = [
        "number", "public_id", "status", "reason", "organization", "subscription", "product", "billed_to", "issued_by",
        "issuer", "currency", "subtotal_amount", "tax_amount", "total_amount", "period_start", "period_end",
        "created_at", "issued_at", "due_at", "collected_at", "paid_at", "voided_at",
        "refund_due_at",
    ]  # fmt: skip
    related_lists = ["payments.Payment", "accounts.AuditEvent"]
    inlines = [InvoiceLineInline]


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
    fields = ["subscription", "quota", "start", "end", "rated_at", "invoice"]


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnlyAdmin[NumberSeries]):
    list_display = ["issuer", "year", "last_number"]
    fields = ["issuer", "year", "last_number"]


class CouponRedemptionInline(ReadOnlyInline[CouponRedemption]):
    model = CouponRedemption
    fields = ["organization", "subscription", "redeemed_at", "redeemed_by"]
    select_related = ("organization", "subscription", "redeemed_by")


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin[Coupon]):
    """Those of products, and (without one) those of the whole platform."""

    list_display = [
        "code", "product", "percent", "amount", "currency", "duration", "cycles", "redeem_by", "archived_at",
    ]  # fmt: skip
    list_filter = ["duration", ("product", admin.EmptyFieldListFilter), ("archived_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product"]
    search_fields = ["public_id", "code", "product__slug", "product__public_id"]
    search_help_text = _("A code, a public id, or the address of a product")
    fields = [
        "code", "public_id", "product", "percent", "amount", "currency", "duration", "cycles", "plan_slugs",
        "max_redemptions", "redeem_by", "created_by", "created_at", "archived_at",
    ]  # fmt: skip
    inlines = [CouponRedemptionInline]
    actions = [
        staff_action(
            "archive",
            _("Archive"),
            consequence=_("These coupons are not accepted any more. Who has entered one keeps it."),
            row="coupon",
            service=services.archive_coupon_by_staff,
        ),
    ]
