"""Payments that a cardholder's bank takes back, as the provider tells of them."""

import datetime as dt
import logging

from django.db import transaction

from apps.payments import outcomes
from apps.payments.enums import DisputeStatus
from apps.payments.errors import UnknownCharge
from apps.payments.models import Dispute, Payment

logger = logging.getLogger(__name__)


@transaction.atomic
def record_dispute(
    *,
    provider: str,
    provider_reference: str,
    charge_reference: str,
    amount: int,
    currency: str,
    reason: str,
    status: DisputeStatus,
    fee_amount: int,
    opened_at: dt.datetime,
    closed_at: dt.datetime | None = None,
    evidence_due_at: dt.datetime | None = None,
) -> Dispute:
    """Record how a dispute stands; whoever registered for it is told in the same transaction.

    What was recorded before is not recorded again: told twice, or first of the end and then of the beginning, the
    outcome is the same. `amount` and `fee_amount` are minor units of `currency`. `closed_at` goes with `won` and
    `lost`. Raises `UnknownCharge` where no payment has the charge (yet).
    """
    payment = (
        Payment.objects.select_for_update(no_key=True, of=("self",))
        .filter(provider=provider, provider_reference=charge_reference)
        .exclude(provider_reference="")
        .first()
    )
    if payment is None:
        raise UnknownCharge(f"no payment has the charge {charge_reference} that {provider_reference} disputes")
    dispute, is_new = Dispute.objects.get_or_create(
        provider=provider,
        provider_reference=provider_reference,
        defaults={
            "payment": payment,
            "amount": amount,
            "currency": currency,
            "reason": reason,
            "fee_amount": fee_amount,
            "opened_at": opened_at,
            "evidence_due_at": evidence_due_at,
        },
    )
    if is_new:
        outcomes.tell_dispute(dispute)
    if status != DisputeStatus.NEEDS_RESPONSE and status != dispute.status:
        if dispute.closed_at is None:
            dispute.status, dispute.closed_at = status, closed_at or opened_at
            dispute.save(update_fields=["status", "closed_at"])
            outcomes.tell_dispute(dispute)
        else:
            logger.error("dispute %s is %s, and %s now tells %s", dispute.public_id, dispute.status, provider, status)
    return dispute
