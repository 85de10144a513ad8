"""What staff decide about a payout, each with a reason for the audit log."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import Membership, User
from apps.accounts.staff import checked_reason, require_staff
from apps.core.errors import Conflict
from apps.payouts.enums import PayoutMethod, PayoutStatus
from apps.payouts.errors import OnePersonTwice, PayoutMoved
from apps.payouts.models import Payout, PayoutApproval
from apps.payouts.services.creating import make_payout
from apps.payouts.services.locks import lock_payout
from apps.payouts.services.moving import give_back, release, settle

PERMISSION = "payouts.change_payout"


@transaction.atomic
def approve_payout(*, staff: User, payout: Payout, reason: str) -> Payout:
    """One of the two people who must agree; with the second one the payout is sent.

    Raises `OnePersonTwice` for who asked for the payout, is a member of its organization, or approved it already.
    """
    require_staff(staff, PERMISSION)
    reason = checked_reason(reason)
    payout = lock_payout(payout)
    if payout.status != PayoutStatus.PENDING_APPROVAL:
        raise PayoutMoved
    approved_by = set(payout.approvals.values_list("staff_id", flat=True))
    is_member = Membership.objects.filter(organization=payout.organization, user=staff).exists()
    if staff.pk == payout.requested_by_id or is_member or staff.pk in approved_by:
        raise OnePersonTwice
    PayoutApproval.objects.create(payout=payout, staff=staff, reason=reason)
    record_event(
        organization=payout.organization,
        actor=staff,
        action="payout.approval_given",
        target=payout.public_id,
        summary=f"Approval {len(approved_by) + 1} of {payout.approvals_needed}: {reason}",
    )
    if len(approved_by) + 1 >= payout.approvals_needed:
        release(payout, by=staff)
    return payout


@transaction.atomic
def reject_payout(*, staff: User, payout: Payout, reason: str) -> Payout:
    """The money goes back to the balance. Raises `PayoutMoved` for one that is being sent or was."""
    require_staff(staff, PERMISSION)
    reason = checked_reason(reason)
    payout = lock_payout(payout)
    give_back(payout, PayoutStatus.CANCELED, code=reason, by=staff)
    return payout


@transaction.atomic
def mark_sent(*, staff: User, payout: Payout, reason: str) -> Payout:
    """Staff have transferred the money themselves; the reason says under which reference. Raises `PayoutMoved`."""
    require_staff(staff, PERMISSION)
    reference = checked_reason(reason)
    payout = lock_payout(payout)
    _require_manual(payout)
    settle(payout, reference=reference, by=staff)
    return payout


@transaction.atomic
def mark_failed(*, staff: User, payout: Payout, reason: str) -> Payout:
    """What staff transferred did not arrive, or came back: the money is in the balance again. Raises `PayoutMoved`."""
    require_staff(staff, PERMISSION)
    reason = checked_reason(reason)
    payout = lock_payout(payout)
    _require_manual(payout)
    status = PayoutStatus.REVERSED if payout.status == PayoutStatus.PAID else PayoutStatus.FAILED
    give_back(payout, status, code=reason, by=staff)
    return payout


@transaction.atomic
def retry_payout(*, staff: User, payout: Payout, reason: str) -> Payout:
    """A held payout is sent again; for one that failed, another over the same amount is made, asked for by staff, once.

    Raises `PayoutMoved` for any other, and for one that was tried again before, and what `request_payout` does.
    """
    require_staff(staff, PERMISSION)
    reason = checked_reason(reason)
    payout = lock_payout(payout)
    if payout.status == PayoutStatus.HELD:
        release(payout, by=staff)
        another = payout
    elif payout.status in PayoutStatus.returned() and not Payout.objects.filter(retry_of=payout).exists():
        another = make_payout(
            account=payout.account,
            currency=payout.currency,
            amount=payout.amount,
            requested_by=staff,
            retry_of=payout,
        )
    else:
        raise PayoutMoved
    record_event(
        organization=payout.organization,
        actor=staff,
        action="payout.retried",
        target=payout.public_id,
        summary=f"Tried again as {another.public_id}: {reason}",
    )
    return another


def _require_manual(payout: Payout) -> None:
    if payout.method == PayoutMethod.PROVIDER:
        raise Conflict(_("The payment provider carries this payout out, and says what became of it."))
