"""What one's organization owes and has paid."""

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.serializers import (
    InvoiceDetailSerializer,
    InvoiceQuery,
    InvoiceSerializer,
    PayInput,
    PaymentSerializer,
)
from apps.billing.models import Invoice
from apps.billing.pdf import render_invoice
from apps.core.rest.negotiation import OneForm
from apps.core.rest.operations import operation
from apps.payments.models import Payment
from apps.payments.selectors import get_method

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE


class InvoicesView(OrganizationView):
    @operation(
        "listInvoices", "List your invoices", tag=TAG, scope=READ,
        query=InvoiceQuery, answer=InvoiceSerializer, ordering=("-issued_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Invoice]:
        found = selectors.list_invoices(self.actor)
        return found.filter(status=self.query["status"]) if "status" in self.query else found


class InvoiceView(OrganizationView):
    @property
    def invoice(self) -> Invoice:
        return selectors.get_invoice(self.actor, public_id=self.kwargs["invoice_id"])


class InvoiceDetailView(InvoiceView):
    @operation("getInvoice", "Show an invoice", tag=TAG, scope=READ, answer=InvoiceDetailSerializer)
    def get(self, request: Request, invoice_id: str) -> Invoice:
        return self.invoice


class InvoicePdfView(InvoiceView):
    content_negotiation_class = OneForm

    @operation("getInvoicePdf", "Get an invoice as PDF", tag=TAG, scope=READ, bare=True, media_type="application/pdf")
    def get(self, request: Request, invoice_id: str) -> HttpResponse:
        invoice = self.invoice
        disposition = f'attachment; filename="{invoice.number}.pdf"'
        return HttpResponse(
            render_invoice(invoice), content_type="application/pdf", headers={"Content-Disposition": disposition}
        )


class PayInvoiceView(InvoiceView):
    @operation(
        "payInvoice", "Pay an invoice", tag=TAG, scope=WRITE,
        description="402 where the card is declined: the payment is recorded and the invoice stays open.",
        body=PayInput, answer=PaymentSerializer, errors=(402,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request, invoice_id: str) -> Payment:
        method = get_method(self.actor, public_id=self.body["method"])
        return services.pay_invoice(actor=self.actor, invoice=self.invoice, method=method)
