"""Invoices: all of them, one, its PDF, and paying it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice
from apps.billing.pdf import render_invoice
from apps.billing.selectors import get_invoice, list_invoices, list_overdue
from apps.payments.enums import PaymentStatus
from apps.payments.selectors import find_waiting_payment, list_payments_of
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.paying import PayForms, carry_out, pay_forms

INVOICES_PER_PAGE = 25


@require_safe
@organization_page
def invoices(request: PortalRequest) -> HttpResponse:
    page = Paginator(list_invoices(request.actor), INVOICES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "overdue": list(list_overdue(request.actor)[:5])}
    return render(request, "billing/invoices.html", context)


@require_safe
@organization_page
def invoice(request: PortalRequest, invoice_id: str) -> HttpResponse:
    found = get_invoice(request.actor, public_id=invoice_id)
    return render(request, "billing/invoice.html", _context(found, pay_forms(request.actor)))


@require_safe
@organization_page
def pdf(request: PortalRequest, invoice_id: str) -> HttpResponse:
    found = get_invoice(request.actor, public_id=invoice_id)
    response = HttpResponse(render_invoice(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response


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
    return {
        "invoice": invoice,
        "lines": list(invoice.lines.all()),
        "payments": payments,
        "forms": forms,
        "is_open": invoice.status == InvoiceStatus.OPEN,
        "waiting": find_waiting_payment(invoice.public_id),
        "is_processing": any(payment.status in PaymentStatus.open() for payment in payments),
        "checkout": getattr(invoice, "checkout", None),
    }
