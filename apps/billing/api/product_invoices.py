"""What consumers of a product were charged, for its creator, who may give it back."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.document_serializers import CreditNoteSerializer, DisputeSerializer, RefundInput
from apps.billing.api.serializers import InvoiceDetailSerializer, InvoiceSerializer, ProductInvoiceQuery
from apps.billing.enums import CreditReason
from apps.billing.models import CreditNote, Invoice
from apps.core.errors import Invalid, NotFound
from apps.core.rest.operations import operation
from apps.payments.models import Dispute
from apps.payments.selectors import list_disputes_of
from apps.products.models import Product
from apps.products.selectors import get_own_product

TAG = "Consumers"
READ, WRITE = TokenScope.SUBSCRIPTIONS_READ, TokenScope.SUBSCRIPTIONS_WRITE


class ProductInvoiceView(OrganizationView):
    @property
    def product(self) -> Product:
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])

    @property
    def invoice(self) -> Invoice:
        return selectors.get_product_invoice(self.actor, self.product, public_id=self.kwargs["invoice_id"])


class ProductInvoicesView(ProductInvoiceView):
    @operation(
        "listProductInvoices", "List what consumers of a product were charged", tag=TAG, scope=READ,
        query=ProductInvoiceQuery, answer=InvoiceSerializer, ordering=("-issued_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[Invoice]:
        found = selectors.list_product_invoices(self.actor, self.product)
        if "subscription" in self.query:
            found = found.filter(subscription__public_id=self.query["subscription"])
        return found.filter(status=self.query["status"]) if "status" in self.query else found


class ProductInvoiceDetailView(ProductInvoiceView):
    @operation(
        "getProductInvoice", "Show what a consumer was charged", tag=TAG, scope=READ, answer=InvoiceDetailSerializer
    )
    def get(self, request: Request, product_id: str, invoice_id: str) -> Invoice:
        return self.invoice


class ProductInvoiceDisputesView(ProductInvoiceView):
    @operation(
        "listProductInvoiceDisputes", "List what the bank of a consumer has taken back", tag=TAG, scope=READ,
        answer=DisputeSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request, product_id: str, invoice_id: str) -> list[Dispute]:
        return list(list_disputes_of(self.invoice.public_id))


class RefundInvoiceView(ProductInvoiceView):
    @operation(
        "refundInvoice", "Give back an invoice of a consumer", tag=TAG, scope=WRITE,
        description="All that is left of it, an amount, or amounts of single lines: to the card that paid, with a "
        "credit note. Of one that is not paid, so much is let off. 409 `credit_too_large`, `refund_too_large` (a "
        "dispute took the money back) or `payment_pending` where it cannot be.",
        body=RefundInput, answer=CreditNoteSerializer, status=201, errors=(409,), commits_within=True,
        examples={"request": {"reason": "goodwill", "amount": 500, "note": "For the outage"}},
    )  # fmt: skip
    def post(self, request: Request, product_id: str, invoice_id: str) -> CreditNote:
        invoice = self.invoice
        note = services.refund_invoice(
            actor=self.actor,
            invoice=invoice,
            reason=CreditReason(self.body["reason"]),
            note=self.body["note"],
            amount=self.body.get("amount"),
            lines=self.lines_of(invoice),
        )
        return selectors.list_credit_notes(invoice).get(pk=note.pk)

    def lines_of(self, invoice: Invoice) -> dict[int, int] | None:
        """By primary key. Raises `Invalid` for none, beside an amount, and for one that is named twice; `NotFound`."""
        wanted = self.body.get("lines")
        if wanted is None:
            return None
        positions = [each["line"] for each in wanted]
        if not wanted or "amount" in self.body or len(set(positions)) < len(positions):
            raise Invalid(field="lines")
        lines = list(invoice.lines.all())
        if not all(position <= len(lines) for position in positions):
            raise NotFound
        return {lines[each["line"] - 1].pk: each["amount"] for each in wanted}
