"""Payments that a cardholder's bank takes back, as the provider tells of them."""

import datetime as dt
import logging

from django.db import transaction

from apps.payments import outcomes
from apps.payments.enums import DisputeStatus, PaymentStatus
from apps.payments.errors import NotOurs, UnknownCharge
from apps.payments.models import Dispute, Payment

# How far the provider's clock may be behind ours.
CLOCKS_APART = dt.timedelta(minutes=5)

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
    `lost`. Raises as `lock_charged`.
    """
    payment = lock_charged(provider=provider, charge_reference=charge_reference, told_of=opened_at)
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


def lock_charged(*, provider: str, charge_reference: str, told_of: dt.datetime) -> Payment:
    """The payment that a charge is of, locked; `told_of` is when what the provider tells of it happened.

    Raises `UnknownCharge` where a payment is under way whose charge is not known yet and that was begun before, and
    else `NotOurs`: every payment comes to its end within a day.
    """
    ours = Payment.objects.filter(provider=provider)
    found = ours.exclude(provider_reference="").filter(provider_reference=charge_reference)
    payment = found.select_for_update(no_key=True, of=("self",)).first()
    if payment is not None:
        return payment
    if ours.filter(status__in=PaymentStatus.open(), created_at__lt=told_of + CLOCKS_APART).exists():
        raise UnknownCharge(f"no payment has the charge {charge_reference} yet")
    raise NotOurs(f"no payment of this installation has the charge {charge_reference}")
