"""What follows when a refund or a dispute is recorded, in the transaction that records it."""

import logging

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import Organization
from apps.billing.enums import CreditReason, InvoiceStatus
from apps.billing.models import CreditNote, Invoice
from apps.billing.notices import amount_in_words, tell_dispute, tell_refund_failed
from apps.billing.services.booking import book_dispute_opened, book_dispute_won, book_refund, book_refund_returned
from apps.billing.services.crediting import issue_credit_note
from apps.billing.services.invoicing import lock_invoice
from apps.core import clock
from apps.payments.enums import DisputeStatus, RefundStatus
from apps.payments.models import Dispute, Payment, Refund
from apps.subscriptions.locks import lock_subscription

logger = logging.getLogger(__name__)


def record_refund(refund: Refund) -> None:
    """Registered with `apps.payments.outcomes`: what is referred to is one of our invoices, or not ours to know."""
    invoice = _lock_invoice_of(refund.payment)
    if invoice is None:
        return
    if refund.status == RefundStatus.FAILED:
        if refund.returned_at is not None:
            book_refund_returned(invoice=invoice, refund=refund, at=refund.returned_at)
        _record(invoice, "refund.failed", f"The refund {refund.public_id} of {invoice} failed: {refund.failure_code}")
        tell_refund_failed(invoice, refund)
        logger.error("refund %s of invoice %s failed: %s", refund.public_id, invoice, refund.failure_code)
        return
    note = CreditNote.objects.filter(invoice=invoice, public_id=refund.reference).first()
    if note is None and 0 < refund.amount <= invoice.creditable_amount and invoice.status == InvoiceStatus.PAID:
        # Made at the provider. Whoever did it, the documents follow.
        note = issue_credit_note(invoice=invoice, reason=CreditReason.AT_PROVIDER, amount=refund.amount)
    book_refund(
        invoice=invoice,
        refund=refund,
        tax_amount=note.tax_amount if note else 0,
        at=refund.settled_at or clock.now(),
    )
    amount = amount_in_words(refund.amount, refund.currency)
    _record(invoice, "refund.succeeded", f"Gave back {amount} of {invoice}")


def record_dispute(dispute: Dispute) -> None:
    """Registered likewise: opened, won or lost, in whatever order the provider tells it."""
    invoice = _lock_invoice_of(dispute.payment)
    if invoice is None:
        return
    book_dispute_opened(invoice=invoice, dispute=dispute)
    if dispute.status == DisputeStatus.WON:
        book_dispute_won(invoice=invoice, dispute=dispute, at=dispute.closed_at or clock.now())
    what = {
        DisputeStatus.NEEDS_RESPONSE: ("dispute.opened", _("was disputed by the cardholder")),
        DisputeStatus.WON: ("dispute.won", _("was disputed, and the dispute is won")),
        DisputeStatus.LOST: ("dispute.lost", _("was disputed, and the dispute is lost")),
    }
    action, words = what[DisputeStatus(dispute.status)]
    _record(invoice, action, f"{amount_in_words(dispute.amount, dispute.currency)} of {invoice} {words}")
    tell_dispute(invoice, dispute, words)


def _lock_invoice_of(payment: Payment) -> Invoice | None:
    """The invoice that a payment is of, locked; the caller has locked the payment."""
    found = Invoice.objects.select_related("subscription").filter(public_id=payment.reference).first()
    if found is None:
        return None
    lock_subscription(found.subscription, Q())
    return lock_invoice(found)


def _record(invoice: Invoice, action: str, summary: str) -> None:
    """In the logs of both sides; nobody did it in person."""
    parties: set[Organization] = {invoice.organization, invoice.product.organization}
    for organization in parties:
        record_event(organization=organization, actor=None, action=action, target=invoice.public_id, summary=summary)
