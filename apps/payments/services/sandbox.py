"""What the sandbox tells us, through the same inbox as any provider."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict, NotAllowed
from apps.core.ids import random_base62
from apps.core.transactions import committed
from apps.payments.enums import DisputeStatus, Provider, SandboxAnswer, SandboxConduct
from apps.payments.models import Dispute, Payment, ProviderEvent, SandboxAccount, SandboxDispute
from apps.payments.providers.sandbox import SandboxProvider, disputes
from apps.payments.selectors import get_payment, get_sandbox_account
from apps.payments.services.charging import collect_payment
from apps.payments.services.disputes import record_dispute
from apps.payments.services.inbox import receive_event

DISPUTE_OPENED = "sandbox.dispute.created"
DISPUTE_CLOSED = "sandbox.dispute.closed"
TEST_EVENT = "sandbox.test"
EVIDENCE_TIME = dt.timedelta(days=7)


def emit_due_events(*, now: dt.datetime) -> int:
    """Tell of what has become due in the sandbox since the last time; of how many things."""
    opened = disputes.open_due(now)
    for dispute in opened:
        _tell(DISPUTE_OPENED, dispute)
    return len(opened)


def win_sandbox_dispute(*, staff: User, dispute: Dispute, reason: str) -> None:
    """Let the sandbox's bank decide for the creator; told by an event, as a provider would. Only for staff."""
    _close(staff, dispute, reason, DisputeStatus.WON)


def lose_sandbox_dispute(*, staff: User, dispute: Dispute, reason: str) -> None:
    """Let the sandbox's bank decide for the cardholder. Only for staff."""
    _close(staff, dispute, reason, DisputeStatus.LOST)


@transaction.atomic
def send_test_event(*, staff: User) -> ProviderEvent:
    """Send an event of which nothing follows through the inbox. Only for staff, where the clock is a sandbox's."""
    require_staff(staff, "payments.change_providerevent")
    if not settings.SANDBOX_CLOCK:
        raise NotAllowed
    event = receive_event(
        provider=Provider.SANDBOX,
        event_id=f"sbx_evt_{random_base62(22)}",
        kind=TEST_EVENT,
        payload={"sent_at": clock.now().isoformat()},
    )
    record_event(
        organization=None,
        actor=staff,
        action="provider_event.sent",
        target=event.public_id,
        summary=f"Sent the test event {event.event_id}",
    )
    return event


def answer_bank(*, actor: Actor, payment: Payment, confirms: bool) -> Payment:
    """What the cardholder said to the sandbox's bank; the first answer holds. Cannot be called inside a transaction."""
    actor.require(Action.BILLING_MANAGE)
    with committed():
        found = get_payment(actor, public_id=payment.public_id)
        action, said = ("payment.confirmed", "Confirmed") if confirms else ("payment.refused", "Refused")
        record_action(actor, action, f"{said} at the bank to pay {found.reference}", target=found.public_id)
    SandboxProvider().answer_confirmation(
        reference=found.provider_reference, answer=SandboxAnswer.CONFIRMED if confirms else SandboxAnswer.REFUSED
    )
    return collect_payment(payment=found)


@transaction.atomic
def set_up_sandbox_account(*, actor: Actor, account: SandboxAccount, conduct: SandboxConduct) -> SandboxAccount:
    """What the holder would tell a provider about themselves, and how the account behaves from now on."""
    actor.require(Action.BILLING_MANAGE)
    held = get_sandbox_account(actor, reference=account.reference)
    held.details_submitted, held.conduct = True, conduct
    held.save(update_fields=["details_submitted", "conduct"])
    record_action(actor, "sandbox_account.set_up", f"Set up {held}: {conduct}", target=held.reference)
    return held


def handle_dispute(event: ProviderEvent) -> None:
    """Registered with `apps.payments.events` for both kinds: each tells how the dispute stood then."""
    told: dict[str, Any] = event.payload
    opened_at = _instant(told["opened_at"])
    record_dispute(
        provider=Provider.SANDBOX,
        provider_reference=told["reference"],
        charge_reference=told["charge"],
        amount=told["amount"],
        currency=told["currency"],
        reason=disputes.REASON,
        status=DisputeStatus(told["status"]),
        fee_amount=told["fee_amount"],
        opened_at=opened_at,
        closed_at=_instant(told["closed_at"]) if told["closed_at"] else None,
        evidence_due_at=opened_at + EVIDENCE_TIME,
    )


@transaction.atomic
def _close(staff: User, dispute: Dispute, reason: str, status: DisputeStatus) -> None:
    require_staff(staff, "payments.change_dispute")
    reason = checked_reason(reason)
    if not settings.SANDBOX_CLOCK or dispute.provider != Provider.SANDBOX:
        raise Conflict(_("The bank decides about this dispute."))
    decided = disputes.close(dispute.provider_reference, status, clock.now())
    if decided is None:
        raise Conflict(_("This dispute is closed already."))
    record_event(
        organization=dispute.organization,
        actor=staff,
        action=f"dispute.{status}",
        target=dispute.public_id,
        summary=f"Closed the dispute {dispute.public_id} as {status}: {reason}",
    )
    _tell(DISPUTE_CLOSED, decided)


def _tell(kind: str, dispute: SandboxDispute) -> ProviderEvent:
    return receive_event(
        provider=Provider.SANDBOX,
        event_id=f"sbx_evt_{random_base62(22)}",
        kind=kind,
        payload={
            "reference": dispute.reference,
            "charge": dispute.charge.reference,
            "amount": dispute.amount,
            "currency": dispute.charge.currency,
            "fee_amount": dispute.fee_amount,
            "status": dispute.status,
            "opened_at": dispute.opened_at.isoformat(),
            "closed_at": dispute.closed_at.isoformat() if dispute.closed_at else None,
        },
    )


def _instant(text: str) -> dt.datetime:
    instant = parse_datetime(text)
    assert instant is not None
    return instant
