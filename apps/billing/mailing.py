"""Copies of documents to the address that an organization gave for its invoices."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from apps.billing.models import BillingProfile, CreditNote, Invoice
from apps.billing.pdf import render_credit_note, render_invoice
from apps.core.jobs import enqueue

SEND_TASK = "billing.mail_document"


def mail_later(*, invoice: Invoice, note: CreditNote | None = None) -> None:
    """Send the invoice, or its credit note, after the caller's commit; nothing where no address was given."""
    if BillingProfile.objects.filter(organization=invoice.organization_id).exclude(email="").exists():
        enqueue(SEND_TASK, invoice_id=invoice.pk, note_id=note.pk if note else None)


def mail_document(*, invoice_id: int, note_id: int | None) -> None:
    """Send it now, to the address as it is now."""
    invoice = Invoice.objects.select_related("organization").get(pk=invoice_id)
    profile = BillingProfile.objects.filter(organization=invoice.organization_id).exclude(email="").first()
    if profile is None:
        return
    note = CreditNote.objects.select_related("invoice").get(pk=note_id) if note_id else None
    number, pdf = (note.number, render_credit_note(note)) if note else (invoice.number, render_invoice(invoice))
    message = EmailMessage(
        subject=_("%(number)s from %(issuer)s") % {"number": number, "issuer": invoice.issued_by["name"]},
        body=_("%(number)s for %(name)s is attached.") % {"number": number, "name": invoice.organization.name},
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[profile.email],
    )
    message.attach(f"{number}.pdf", pdf, "application/pdf")
    message.send()
