"""Disputes in the sandbox's books: opened a day after a charge of the card that is disputed, closed by staff."""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.core.ids import random_base62
from apps.core.money import minor_unit_digits
from apps.payments.enums import DisputeStatus
from apps.payments.models import SandboxCharge, SandboxDispute
from apps.payments.providers.sandbox.balance import left_of_charge, list_paid_charges
from apps.payments.providers.sandbox.cards import Behaviour

DISPUTED_AFTER = dt.timedelta(days=1)
REASON = "fraudulent"
# In the major unit of the charge's currency.
FEE = 15


@transaction.atomic
def open_due(now: dt.datetime) -> list[SandboxDispute]:
    """Dispute what is left of the charges whose time has come."""
    due = (
        list_paid_charges()
        .filter(token__startswith=f"sbx:{Behaviour.DISPUTED}:", moved_at__lte=now - DISPUTED_AFTER)
        .exclude(Exists(SandboxDispute.objects.filter(charge=OuterRef("pk"))))
    )
    opened = []
    for charge_id in due.values_list("pk", flat=True):
        charge = SandboxCharge.objects.select_for_update().get(pk=charge_id)
        left = left_of_charge(charge)
        if left and not SandboxDispute.objects.filter(charge=charge).exists():
            dispute = SandboxDispute(
                charge=charge,
                reference=f"sbx_dp_{random_base62(22)}",
                amount=left,
                fee_amount=FEE * 10 ** minor_unit_digits(charge.currency),
                opened_at=now,
            )
            dispute.save()
            opened.append(dispute)
    return opened


@transaction.atomic
def close(reference: str, status: DisputeStatus, now: dt.datetime) -> SandboxDispute | None:
    """The bank's decision; None where it has decided before."""
    dispute = SandboxDispute.objects.select_for_update(of=("self",)).select_related("charge").get(reference=reference)
    if dispute.closed_at is not None:
        return None
    dispute.status, dispute.closed_at = status, now
    dispute.save(update_fields=["status", "closed_at"])
    return dispute
