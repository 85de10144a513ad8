"""Calls on an invoice that are disputed: by who pays for them, answered by the creator."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.document_serializers import AcceptInput, CaseInput, CaseQuery, CaseSerializer, RefuseInput
from apps.billing.models import InvoiceLine, UsageCase
from apps.core.errors import NotFound
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.products.models import Product
from apps.products.selectors import get_endpoint, get_own_product

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE
CONSUMERS = "Consumers"
CONSUMERS_READ, CONSUMERS_WRITE = TokenScope.SUBSCRIPTIONS_READ, TokenScope.SUBSCRIPTIONS_WRITE
EXAMPLE = {"text": "The calls of these days were answered with 503.", "asked_amount": 500}


class LineCasesView(OrganizationView):
    @operation(
        "openCase", "Dispute calls of a line of an invoice", tag=TAG, scope=WRITE,
        description="Of a line of usage, within 30 days of the issue, one case at a time. The creator is told. 409 "
        "`case_too_late`, `case_open` or `credit_too_large` where it cannot be.",
        body=CaseInput, answer=CaseSerializer, status=201, errors=(409,), examples={"request": EXAMPLE},
    )  # fmt: skip
    def post(self, request: Request, invoice_id: str, position: str) -> UsageCase:
        values = dict(self.body)
        line = self.line(invoice_id, position)
        if "endpoint" in values:
            values["endpoint"] = get_endpoint(line.invoice.product, public_id=values["endpoint"])
        case = services.open_case(actor=self.actor, line=line, **values)
        return selectors.get_own_case(self.actor, public_id=case.public_id)

    def line(self, invoice_id: str, position: str) -> InvoiceLine:
        if not (position.isascii() and position.isdecimal()):
            raise NotFound
        return selectors.get_line(self.actor, invoice_id=invoice_id, position=int(position))


class CasesView(OrganizationView):
    @operation(
        "listCases", "List the cases that you opened", tag=TAG, scope=READ,
        query=CaseQuery, answer=CaseSerializer, ordering=("-opened_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[UsageCase]:
        found = selectors.list_own_cases(self.actor)
        return found.filter(status=self.query["status"]) if "status" in self.query else found


class CaseView(OrganizationView):
    @operation("getCase", "Show a case that you opened", tag=TAG, scope=READ, answer=CaseSerializer)
    def get(self, request: Request, case_id: str) -> UsageCase:
        return selectors.get_own_case(self.actor, public_id=case_id)


class WithdrawCaseView(OrganizationView):
    @operation("withdrawCase", "Give up a case", tag=TAG, scope=WRITE, body=Empty, answer=CaseSerializer, errors=(409,))
    def post(self, request: Request, case_id: str) -> UsageCase:
        services.withdraw_case(actor=self.actor, case=selectors.get_own_case(self.actor, public_id=case_id))
        return selectors.get_own_case(self.actor, public_id=case_id)


class ProductCaseView(OrganizationView):
    @property
    def product(self) -> Product:
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])

    @property
    def case(self) -> UsageCase:
        return selectors.get_product_case(self.actor, self.product, public_id=self.kwargs["case_id"])


class ProductCasesView(ProductCaseView):
    @operation(
        "listProductCases", "List the cases that consumers of a product opened", tag=CONSUMERS, scope=CONSUMERS_READ,
        query=CaseQuery, answer=CaseSerializer, ordering=("-opened_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[UsageCase]:
        found = selectors.list_product_cases(self.actor, self.product)
        return found.filter(status=self.query["status"]) if "status" in self.query else found


class ProductCaseDetailView(ProductCaseView):
    @operation("getProductCase", "Show a case of a product", tag=CONSUMERS, scope=CONSUMERS_READ, answer=CaseSerializer)
    def get(self, request: Request, product_id: str, case_id: str) -> UsageCase:
        return self.case


class AcceptCaseView(ProductCaseView):
    @operation(
        "acceptCase", "Give back what a case asks for", tag=CONSUMERS, scope=CONSUMERS_WRITE,
        description="Or another amount of the line: with a credit note, and to the card that paid.",
        body=AcceptInput, answer=CaseSerializer, errors=(409,), commits_within=True,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, case_id: str) -> UsageCase:
        values = {"amount": self.body.get("amount"), "answer": self.body["answer"]}
        services.accept_case(actor=self.actor, case=self.case, **values)
        return self.case


class RefuseCaseView(ProductCaseView):
    @operation(
        "refuseCase", "Refuse a case", tag=CONSUMERS, scope=CONSUMERS_WRITE,
        body=RefuseInput, answer=CaseSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str, case_id: str) -> UsageCase:
        services.refuse_case(actor=self.actor, case=self.case, answer=self.body["answer"])
        return self.case
