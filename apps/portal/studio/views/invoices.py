"""What consumers of a product were charged, and giving it back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.billing.documents import tax_label
from apps.billing.enums import CreditReason, InvoiceStatus
from apps.billing.models import CreditNote, Invoice
from apps.billing.pdf import render_credit_note, render_invoice
from apps.billing.selectors import (
    get_product_credit_note,
    get_product_invoice,
    list_credit_notes,
    list_product_invoices,
)
from apps.billing.services import refund_invoice
from apps.payments.enums import PaymentStatus
from apps.payments.selectors import list_disputes_of, list_payments_of, refundable_amount
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.query import chosen, searched
from apps.portal.rendering import pdf_download, render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.invoices import RefundForm
from apps.products.models import Product

PAGE_SIZE = 25
STATUSES = [choice for choice in InvoiceStatus.choices if choice[0] != InvoiceStatus.DRAFT]


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    """Newest first; of one subscription with `?consumer=`."""
    consumer, status = request.GET.get("consumer", "")[:40], chosen(request, "status", dict(STATUSES))
    search = searched(request)
    found = list_product_invoices(request.actor, product, search=search)
    if consumer:
        found = found.filter(subscription__public_id=consumer)
    if status:
        found = found.filter(status=status)
    context = {
        "product": product,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "consumer": consumer,
        "status": status,
        "search": search,
        "statuses": STATUSES,
        "is_filtered": bool(consumer or status or search),
    }
    return render_page(request, "studio/invoices.html", context, fragment="invoices")


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def detail(request: PortalRequest, product: Product, invoice_id: str) -> HttpResponse:
    """One invoice; posted to, all or a part of it is given back."""
    invoice = get_product_invoice(request.actor, product, public_id=invoice_id)
    posted = request.POST if request.method == "POST" else None
    left = _left(invoice)
    form = RefundForm(posted, currency=invoice.currency, left=left)
    if form.is_valid() and (note := _refund(request, invoice, form)) is not None:
        said = _("%(number)s is issued, and %(consumer)s is told.")
        messages.success(request, said % {"number": note.number, "consumer": invoice.organization.name})
        return redirect("portal:studio-invoice", request.actor.organization.slug, product.slug, invoice.public_id)
    lines = list(invoice.lines.all())
    context = {
        "product": product,
        "invoice": invoice,
        "lines": lines,
        "tax_label": tax_label(invoice, lines),
        "credit_notes": list(list_credit_notes(invoice)) if invoice.credited_amount else [],
        "disputes": list(list_disputes_of(invoice.public_id)),
        "may_refund": left > 0,
        "form": form,
    }
    return render(request, "studio/invoice.html", context, status=422 if form.errors else 200)


@require_safe
@product_page
def pdf(request: PortalRequest, product: Product, invoice_id: str) -> HttpResponse:
    invoice = get_product_invoice(request.actor, product, public_id=invoice_id)
    return pdf_download(render_invoice(invoice), invoice.number)


@require_safe
@product_page
def credit_note_pdf(request: PortalRequest, product: Product, note_id: str) -> HttpResponse:
    note = get_product_credit_note(request.actor, product, public_id=note_id)
    return pdf_download(render_credit_note(note), note.number)


def _left(invoice: Invoice) -> int:
    """What can be given back or let off: of a paid one, less what a dispute has taken back already."""
    if invoice.status == InvoiceStatus.VOID:
        return 0
    if invoice.status != InvoiceStatus.PAID:
        return invoice.creditable_amount
    payment = list_payments_of(invoice.public_id).filter(status=PaymentStatus.SUCCEEDED).first()
    return min(invoice.creditable_amount, refundable_amount(payment)) if payment is not None else 0


def _refund(request: PortalRequest, invoice: Invoice, form: RefundForm) -> CreditNote | None:
    reason, note, amount = (form.cleaned_data[name] for name in ("reason", "note", "amount"))
    return carried_out(
        form,
        lambda: refund_invoice(
            actor=request.actor, invoice=invoice, reason=CreditReason(reason), note=note, amount=amount
        ),
    )
