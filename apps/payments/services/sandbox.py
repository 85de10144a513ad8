"""What the sandbox tells us, through the same inbox as any provider."""

import datetime as dt
from typing import Any

from django.utils.dateparse import parse_datetime

from apps.core import clock
from apps.core.ids import random_base62
from apps.payments.enums import DisputeStatus, Provider
from apps.payments.models import Dispute, ProviderEvent, SandboxDispute
from apps.payments.providers.sandbox import disputes
from apps.payments.services.disputes import record_dispute
from apps.payments.services.inbox import receive_event

DISPUTE_OPENED = "sandbox.dispute.created"
DISPUTE_CLOSED = "sandbox.dispute.closed"
EVIDENCE_TIME = dt.timedelta(days=7)


def emit_due_events(*, now: dt.datetime) -> int:
    """Tell of what has become due in the sandbox since the last time; of how many things."""
    opened = disputes.open_due(now)
    for dispute in opened:
        _tell(DISPUTE_OPENED, dispute)
    return len(opened)


def close_sandbox_dispute(*, dispute: Dispute, status: DisputeStatus) -> None:
    """The bank decides; told by an event, as a provider would. The first decision holds."""
    decided = disputes.close(dispute.provider_reference, status, clock.now())
    _tell(DISPUTE_CLOSED, decided)


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
