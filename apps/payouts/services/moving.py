"""The steps of a payout from one status to another: each under its lock, with what belongs to it."""

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.core import clock
from apps.core.ids import random_base62
from apps.core.jobs import enqueue
from apps.payouts.enums import PayoutMethod, PayoutStatus
from apps.payouts.errors import PayoutMoved
from apps.payouts.models import Payout
from apps.payouts.notices import tell_held, tell_paid, tell_returned
from apps.payouts.services.booking import book_paid, book_returned
from apps.payouts.state import may_become

SEND_TASK = "payouts.send_payout"


def release(payout: Payout, *, by: User | None = None) -> None:
    """Approved: the provider is asked at once after the commit, or staff carry it out."""
    _move(payout, PayoutStatus.APPROVED)
    payout.approved_at = clock.now()
    # What was refused under a key stays refused.
    payout.idempotency_key = new_key()
    payout.failure_code = ""
    payout.save(update_fields=["status", "approved_at", "idempotency_key", "failure_code"])
    _record(payout, by, "payout.approved", f"Payout of {payout.amount} {payout.currency} approved")
    send_soon(payout)


def hold(payout: Payout, *, code: str) -> None:
    """The destination cannot take it now: the money waits, out of the balance and not lost."""
    _move(payout, PayoutStatus.HELD)
    payout.failure_code = code
    payout.save(update_fields=["status", "failure_code"])
    _record(payout, None, "payout.held", f"Payout held: {code}")
    tell_held(payout)


def settle(payout: Payout, *, reference: str, by: User | None = None) -> None:
    """The money is on the creator's account, or with the bank that brings it there."""
    _move(payout, PayoutStatus.PAID)
    payout.reference = reference
    payout.paid_at = clock.now()
    payout.save(update_fields=["status", "reference", "paid_at"])
    book_paid(payout, payout.paid_at)
    _record(payout, by, "payout.paid", f"Payout of {payout.amount} {payout.currency} sent: {reference}")
    tell_paid(payout)


def give_back(payout: Payout, status: PayoutStatus, *, code: str = "", by: User | None = None) -> None:
    """Failed, canceled or reversed: the money is in the balance again, once."""
    was_paid = payout.status == PayoutStatus.PAID
    _move(payout, status)
    payout.failure_code = code
    payout.returned_at = clock.now()
    payout.save(update_fields=["status", "failure_code", "returned_at"])
    book_returned(payout, payout.returned_at, was_paid=was_paid)
    _record(payout, by, f"payout.{status}", f"Payout of {payout.amount} {payout.currency} returned: {code or status}")
    tell_returned(payout)


def send_soon(payout: Payout) -> None:
    if payout.method == PayoutMethod.PROVIDER:
        enqueue(SEND_TASK, payout_id=payout.pk)


def new_key() -> str:
    """Under which the provider is asked: stored before it is."""
    return f"payout-{random_base62(22)}"


def _move(payout: Payout, status: PayoutStatus) -> None:
    if not may_become(payout.status, status):
        raise PayoutMoved
    payout.status = status


def _record(payout: Payout, by: User | None, action: str, summary: str) -> None:
    record_event(organization=payout.organization, actor=by, action=action, target=payout.public_id, summary=summary)
