"""Giving back what was paid for an invoice, and letting off what was not: always with a credit note.

The credit note and the claim of the refund are one transaction; the provider is asked after it, and the books change
when it has answered (`reversals`).
"""

import logging
from collections.abc import Mapping

from django.db.models import F, Q

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.enums import CreditReason, InvoiceReason, InvoiceStatus
from apps.billing.errors import NothingToCredit
from apps.billing.mailing import mail_later
from apps.billing.models import CreditNote, Invoice, InvoiceLine
from apps.billing.notices import tell_credited
from apps.billing.services.crediting import NOTE_MAX, issue_credit_note
from apps.billing.services.invoicing import lock_invoice
from apps.billing.services.settlement import resume
from apps.core.errors import NotFound
from apps.core.transactions import committed
from apps.core.values import check_line
from apps.payments.enums import PaymentStatus, RefundStatus
from apps.payments.errors import PaymentPending
from apps.payments.models import Payment, Refund
from apps.payments.selectors import is_being_paid
from apps.payments.services import claim_refund, make_refund
from apps.subscriptions.locks import lock_subscription

PERMISSION = "billing.change_invoice"

logger = logging.getLogger(__name__)


def refund_invoice(
    *,
    actor: Actor,
    invoice: Invoice,
    reason: CreditReason,
    note: str = "",
    amount: int | None = None,
    lines: Mapping[int, int] | None = None,
) -> CreditNote:
    """Give back all or a part of an invoice of a product of the actor's organization; let off what is not paid.

    `amount` is with tax, `lines` maps the primary keys of lines to amounts without; neither: all that is left. Cannot
    be called inside a transaction. Raises `CreditTooLarge`, `NothingToCredit`, `RefundTooLarge` where a dispute has
    taken the money back already, and `PaymentPending` while the invoice is being paid.
    """
    actor.require(Action.CONSUMERS_MANAGE)
    if invoice.product.organization_id != actor.organization.pk:
        raise NotFound
    note = check_line(note, field="note", longest=NOTE_MAX, shortest=0)
    return take_back(invoice=invoice, reason=reason, note=note, amount=amount, lines=lines, by=actor.user)


def refund_as_staff(*, staff: User, invoice: Invoice, reason: str) -> CreditNote:
    """Give back all that is left of an invoice, or let it off where it is not paid. See `refund_invoice`."""
    require_staff(staff, PERMISSION)
    note = checked_reason(reason)
    return take_back(invoice=invoice, reason=CreditReason.GOODWILL, note=note, by=staff)


def retry_refund(*, staff: User, credit_note: CreditNote, reason: str) -> None:
    """Ask again for a refund that the provider could not make. Raises `NothingToCredit` where none is missing."""
    require_staff(staff, "billing.change_creditnote")
    why = checked_reason(reason)
    with committed():
        payment = _lock_payment(credit_note.invoice)
        refunds = Refund.objects.filter(reference=credit_note.public_id)
        if payment is None or not credit_note.is_refund or refunds.exclude(status=RefundStatus.FAILED).exists():
            raise NothingToCredit
        refund = _claim(payment, credit_note, staff)
        summary = f"Asked again for the refund of {credit_note}: {why}"
        _record(credit_note, staff, "refund.retried", credit_note.public_id, summary)
    make_refund(refund=refund)


def refund_due() -> int:
    """Give back what was paid for something that could not be given; how many invoices."""
    owed = Invoice.objects.filter(
        status=InvoiceStatus.PAID, refund_due_at__isnull=False, credited_amount__lt=F("total_amount")
    )
    given = 0
    for invoice in owed.order_by("refund_due_at"):
        try:
            take_back(invoice=invoice, reason=CreditReason.NOT_GIVEN)
            given += 1
        except Exception:
            # One that cannot be refunded does not stand in the way of the others.
            logger.exception("invoice %s cannot be refunded", invoice)
    return given


def take_back(
    *,
    invoice: Invoice,
    reason: CreditReason,
    note: str = "",
    amount: int | None = None,
    lines: Mapping[int, int] | None = None,
    by: User | None = None,
) -> CreditNote:
    """The same for callers who have seen to who may."""
    with committed():
        written, refund = claim_back(invoice=invoice, reason=reason, note=note, amount=amount, lines=lines, by=by)
    if refund is not None:
        make_refund(refund=refund)
    return written


def claim_back(
    *,
    invoice: Invoice,
    reason: CreditReason,
    note: str = "",
    amount: int | None = None,
    lines: Mapping[int, int] | None = None,
    of_line: InvoiceLine | None = None,
    by: User | None = None,
) -> tuple[CreditNote, Refund | None]:
    """The part of it in the caller's transaction, who asks for the refund (`make_refund`) after its commit.

    With `of_line`, the amount (tax included) is taken of that line alone.
    """
    payment = _lock_payment(invoice)
    subscription = lock_subscription(invoice.subscription, Q())
    invoice = lock_invoice(invoice)
    is_paid = invoice.status == InvoiceStatus.PAID
    if is_being_paid(invoice.public_id) or (is_paid and payment is None):
        raise PaymentPending
    written = issue_credit_note(
        invoice=invoice, reason=reason, note=note, amount=amount, lines=lines, of_line=of_line, by=by
    )
    refund = _claim(payment, written, by) if is_paid and payment is not None else None
    if invoice.status == InvoiceStatus.VOID and invoice.reason in InvoiceReason.automatic():
        resume(invoice, subscription)
    why = written.note or written.get_reason_display()
    _record(written, by, "invoice.credited", invoice.public_id, f"Credited {invoice} with {written}: {why}")
    tell_credited(written)
    mail_later(invoice=invoice, note=written)
    return written, refund


def _lock_payment(invoice: Invoice) -> Payment | None:
    """The payment that paid it, locked before the subscription and the invoice."""
    paid = Payment.objects.filter(reference=invoice.public_id, status=PaymentStatus.SUCCEEDED)
    return paid.select_for_update(no_key=True).first()


def _claim(payment: Payment, note: CreditNote, by: User | None) -> Refund:
    return claim_refund(
        payment=payment,
        amount=note.total_amount,
        reference=note.public_id,
        reason=str(note.get_reason_display()),
        created_by=by,
    )


def _record(note: CreditNote, by: User | None, action: str, target: str, summary: str) -> None:
    """For both sides: the consumer's log, and the creator's."""
    invoice = note.invoice
    for organization in {invoice.organization, invoice.product.organization}:
        record_event(organization=organization, actor=by, action=action, target=target, summary=summary)
