"""What one's organization owes and has paid."""

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.answers import pdf
from apps.billing.api.document_serializers import DisputeSerializer
from apps.billing.api.serializers import (
    InvoiceDetailSerializer,
    InvoiceQuery,
    InvoiceSerializer,
    PayInput,
    PaymentSerializer,
)
from apps.billing.models import Invoice
from apps.billing.pdf import render_invoice, render_receipt
from apps.core.rest.negotiation import OneForm
from apps.core.rest.operations import operation
from apps.payments.models import Dispute, Payment
from apps.payments.selectors import get_method, list_disputes_of

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE


class InvoicesView(OrganizationView):
    @operation(
        "listInvoices", "List your invoices", tag=TAG, scope=READ,
        query=InvoiceQuery, answer=InvoiceSerializer, ordering=("-issued_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Invoice]:
        return selectors.search_invoices(
            self.actor,
            status=self.query.get("status", ""),
            product_slug=self.query.get("product", ""),
            first=self.query.get("issued_from"),
            last=self.query.get("issued_to"),
            search=self.query.get("search", ""),
        )


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
        return pdf(render_invoice(invoice), invoice.number)


class ReceiptPdfView(InvoiceView):
    content_negotiation_class = OneForm

    @operation(
        "getReceiptPdf", "Get the receipt of an invoice as PDF", tag=TAG, scope=READ,
        description="404 where it is not paid.", bare=True, media_type="application/pdf",
    )  # fmt: skip
    def get(self, request: Request, invoice_id: str) -> HttpResponse:
        invoice = self.invoice
        return pdf(render_receipt(invoice, selectors.get_receipt(invoice)), f"receipt-{invoice.number}")


class InvoiceDisputesView(InvoiceView):
    @operation(
        "listInvoiceDisputes", "List what your bank has taken back of an invoice", tag=TAG, scope=READ,
        answer=DisputeSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request, invoice_id: str) -> list[Dispute]:
        return list(list_disputes_of(self.invoice.public_id))


class PayInvoiceView(InvoiceView):
    @operation(
        "payInvoice", "Pay an invoice", tag=TAG, scope=WRITE,
        description="402 where the card is declined: the payment is recorded and the invoice stays open. "
        "Without a `method`, where cards are typed on the provider's page: that page is `action_url`.",
        body=PayInput, answer=PaymentSerializer, errors=(402,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request, invoice_id: str) -> Payment:
        method = get_method(self.actor, public_id=self.body["method"]) if "method" in self.body else None
        return services.pay_invoice(actor=self.actor, invoice=self.invoice, method=method)
