"""Handing payouts to the people who carry them out."""

from collections.abc import Iterable

from django.db import transaction

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import require_staff
from apps.core import clock
from apps.payouts.enums import PayoutMethod, PayoutStatus
from apps.payouts.models import Payout
from apps.payouts.services.locks import lock_payout


@transaction.atomic
def export_payouts(*, staff: User, payouts: Iterable[Payout]) -> list[Payout]:
    """Those of them that staff are to carry out; nobody cancels one from now on. Again, they are the same.

    The caller writes them to a file. Others (of the provider, not approved, settled) are left out.
    """
    require_staff(staff, "payouts.change_payout")
    exported = []
    for one in sorted(payouts, key=lambda payout: (payout.organization_id, payout.pk)):
        payout = lock_payout(one)
        if payout.method == PayoutMethod.PROVIDER or payout.status not in (PayoutStatus.APPROVED, PayoutStatus.SENDING):
            continue
        if payout.status == PayoutStatus.APPROVED:
            payout.status, payout.sent_at = PayoutStatus.SENDING, clock.now()
            payout.save(update_fields=["status", "sent_at"])
        record_event(
            organization=payout.organization,
            actor=staff,
            action="payout.exported",
            target=payout.public_id,
            summary=f"Exported to be paid by {payout.get_method_display()}",
        )
        exported.append(payout)
    return exported
