"""Invoices: all of them, one with its documents, and paying it."""

import csv
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.documents import tax_label
from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice
from apps.billing.pdf import render_credit_note, render_invoice, render_receipt
from apps.billing.selectors import (
    PAST_DUE,
    get_credit_note,
    get_invoice,
    get_receipt,
    list_credit_notes,
    list_invoiced_products,
    list_overdue,
    search_invoices,
)
from apps.core.money import major_units, minor_unit_digits
from apps.payments.enums import PaymentStatus
from apps.payments.selectors import find_waiting_payment, list_disputes_of, list_payments_of
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.paying import PayForms, carry_out, pay_forms
from apps.portal.query import chosen, searched
from apps.portal.rendering import pdf_download, render_page

INVOICES_PER_PAGE = 25
# Of one file: more than anybody has, and a bound.
CSV_ROWS_MAX = 50_000
STATUSES = [
    (InvoiceStatus.OPEN.value, InvoiceStatus.OPEN.label),
    (PAST_DUE, gettext_lazy("Past due")),
    (InvoiceStatus.PAID.value, InvoiceStatus.PAID.label),
    (InvoiceStatus.VOID.value, InvoiceStatus.VOID.label),
    (InvoiceStatus.UNCOLLECTIBLE.value, InvoiceStatus.UNCOLLECTIBLE.label),
]
_COLUMNS = [
    "number", "status", "reason", "product", "issued_at", "due_at", "paid_at", "period_start", "period_end", "currency",
    "subtotal", "tax", "total", "credited",
]  # fmt: skip


@require_safe
@organization_page
def invoices(request: PortalRequest) -> HttpResponse:
    """All that match the filters; with `?format=csv`, as a file."""
    products = {product.slug: product.name for product in list_invoiced_products(request.actor)}
    filters: dict[str, Any] = {
        "status": chosen(request, "status", dict(STATUSES)),
        "product_slug": chosen(request, "product", products),
        "first": _day(request, "from"),
        "last": _day(request, "to"),
        "search": searched(request),
    }
    found = search_invoices(request.actor, **filters)
    if request.GET.get("format") == "csv":
        return _csv(found[:CSV_ROWS_MAX], f"invoices-{request.actor.organization.slug}.csv")
    context = filters | {
        "page": Paginator(found, INVOICES_PER_PAGE).get_page(request.GET.get("page")),
        "overdue": list(list_overdue(request.actor)[:5]),
        "statuses": STATUSES,
        "products": products.items(),
        "is_filtered": any(filters.values()),
        "has_any": bool(products),
    }
    return render_page(request, "billing/invoices.html", context, fragment="invoices")


@require_safe
@organization_page
def invoice(request: PortalRequest, invoice_id: str) -> HttpResponse:
    found = get_invoice(request.actor, public_id=invoice_id)
    return render(request, "billing/invoice.html", _context(found, pay_forms(request.actor)))


@require_safe
@organization_page
def pdf(request: PortalRequest, invoice_id: str) -> HttpResponse:
    found = get_invoice(request.actor, public_id=invoice_id)
    return pdf_download(render_invoice(found), found.number)


@require_safe
@organization_page
def receipt(request: PortalRequest, invoice_id: str) -> HttpResponse:
    found = get_invoice(request.actor, public_id=invoice_id)
    return pdf_download(render_receipt(found, get_receipt(found)), f"receipt-{found.number}")


@require_safe
@organization_page
def credit_note_pdf(request: PortalRequest, note_id: str) -> HttpResponse:
    note = get_credit_note(request.actor, public_id=note_id)
    return pdf_download(render_credit_note(note), note.number)


@sensitive_post_parameters("number", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def pay(request: PortalRequest, invoice_id: str) -> HttpResponse:
    """Pay. The answer to a declined payment stands at this address, so to read it leads to the invoice."""
    found = get_invoice(request.actor, public_id=invoice_id)
    if request.method != "POST":
        return redirect("portal:invoice", request.actor.organization.slug, found.public_id)
    request.actor.require(Action.BILLING_MANAGE)
    forms = carry_out(request, lambda method: services.pay_invoice(actor=request.actor, invoice=found, method=method))
    if forms.confirm_at:
        return redirect(forms.confirm_at)
    if not forms.is_done:
        return render(request, "billing/invoice.html", _context(found, forms), status=forms.status)
    messages.success(request, _("The invoice %(number)s is paid.") % {"number": found.number})
    return redirect("portal:invoice", request.actor.organization.slug, found.public_id)


def _context(invoice: Invoice, forms: PayForms) -> dict[str, Any]:
    payments = list(list_payments_of(invoice.public_id))
    lines = list(invoice.lines.all())
    return {
        "invoice": invoice,
        "lines": lines,
        "tax_label": tax_label(invoice, lines),
        "payments": payments,
        "credit_notes": list(list_credit_notes(invoice)) if invoice.credited_amount else [],
        "disputes": list(list_disputes_of(invoice.public_id)),
        "forms": forms,
        "is_open": invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE),
        "waiting": find_waiting_payment(invoice.public_id),
        "is_processing": any(payment.status in PaymentStatus.open() for payment in payments),
        "checkout": getattr(invoice, "checkout", None),
    }


def _csv(found: Iterable[Invoice], name: str) -> HttpResponse:
    """Amounts in major units with a point, as spreadsheets read them; times in UTC."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(_COLUMNS)
    for one in found:
        digits = minor_unit_digits(one.currency)
        times = [one.issued_at, one.due_at, one.paid_at, one.period_start, one.period_end]
        amounts = [one.subtotal_amount, one.tax_amount, one.total_amount, one.credited_amount]
        writer.writerow(
            [
                *(one.number, one.status, one.reason, one.product.slug),
                *(at.isoformat() if at else "" for at in times),
                one.currency,
                *(f"{major_units(amount, one.currency):.{digits}f}" for amount in amounts),
            ]
        )
    return response


def _day(request: PortalRequest, name: str) -> dt.date | None:
    """A day that the address names; one that is none filters by nothing."""
    try:
        return parse_date(request.GET.get(name, ""))
    except ValueError:
        return None
