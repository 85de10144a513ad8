"""Who is billed, and what was taken back of one's invoices."""

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing import selectors, services
from apps.billing.api.answers import pdf
from apps.billing.api.document_serializers import (
    CreditNoteQuery,
    CreditNoteSerializer,
    ProfileInput,
    ProfileSerializer,
)
from apps.billing.models import BillingProfile, CreditNote
from apps.billing.pdf import render_credit_note
from apps.core.rest.negotiation import OneForm
from apps.core.rest.operations import operation

TAG = "Billing"
READ, WRITE = TokenScope.BILLING_READ, TokenScope.BILLING_WRITE


class BillingProfileView(OrganizationView):
    @operation("getBillingProfile", "Show who is billed", tag=TAG, scope=READ, answer=ProfileSerializer)
    def get(self, request: Request) -> BillingProfile:
        return selectors.get_profile(self.actor)

    @operation(
        "putBillingProfile", "Say who is billed", tag=TAG, scope=WRITE,
        description="From the next invoice on: one that is issued stays as it is. What is left out is empty then.",
        body=ProfileInput, answer=ProfileSerializer,
    )  # fmt: skip
    def put(self, request: Request) -> BillingProfile:
        return services.save_profile(actor=self.actor, **self.body)


class CreditNotesView(OrganizationView):
    @operation(
        "listCreditNotes", "List your credit notes", tag=TAG, scope=READ,
        query=CreditNoteQuery, answer=CreditNoteSerializer, ordering=("-issued_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[CreditNote]:
        found = selectors.list_own_credit_notes(self.actor)
        return found.filter(invoice__public_id=self.query["invoice"]) if "invoice" in self.query else found


class CreditNoteView(OrganizationView):
    @operation("getCreditNote", "Show a credit note", tag=TAG, scope=READ, answer=CreditNoteSerializer)
    def get(self, request: Request, credit_note_id: str) -> CreditNote:
        return selectors.get_credit_note(self.actor, public_id=credit_note_id)


class CreditNotePdfView(OrganizationView):
    content_negotiation_class = OneForm

    @operation(
        "getCreditNotePdf", "Get a credit note as PDF", tag=TAG, scope=READ, bare=True, media_type="application/pdf"
    )
    def get(self, request: Request, credit_note_id: str) -> HttpResponse:
        note = selectors.get_credit_note(self.actor, public_id=credit_note_id)
        return pdf(render_credit_note(note), note.number)
