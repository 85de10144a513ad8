"""Balances below zero: taking transfers back, keeping what is refused as a debt, and giving it up."""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict
from apps.core.ids import random_base62
from apps.core.jobs import enqueue
from apps.core.transactions import committed
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers import provider_named
from apps.payouts.enums import PayoutMethod, PayoutStatus, RecoveryStatus
from apps.payouts.models import Payout, PayoutAccount, Recovery, WriteOff
from apps.payouts.selectors import balance_of, balances_of
from apps.payouts.services.booking import book_recovered, book_written_off
from apps.payouts.services.locks import lock_account, lock_organization, lock_payout

RECOVER_TASK = "payouts.attempt_recovery"
PATIENCE = dt.timedelta(seconds=30)
# After the first refusal, the second, and so on; then every thirty days.
RETRY_AFTER_DAYS = (1, 3, 7, 14, 30)

logger = logging.getLogger(__name__)


@transaction.atomic
def start_recovery(*, staff: User, payout: Payout, reason: str) -> Recovery:
    """Take back so much of a payout's transfer as the creator's balance is below zero; the provider is asked at once.

    Raises `Conflict` where nothing is owed, nothing of the payout is left, or it is being taken back already.
    """
    require_staff(staff, "payouts.add_recovery")
    reason = checked_reason(reason)
    payout = lock_payout(payout)
    if payout.status != PayoutStatus.PAID or payout.method != PayoutMethod.PROVIDER:
        raise Conflict(_("Only a payout that the provider has sent can be taken back."))
    if payout.recoveries.filter(status__in=[RecoveryStatus.PROCESSING, RecoveryStatus.OWED]).exists():
        raise Conflict(_("This payout is being taken back already."))
    amount = _recoverable(payout)
    if not amount:
        raise Conflict(_("The balance is not below zero, or nothing of this payout is left."))
    recovery = Recovery.objects.create(
        payout=payout, amount=amount, reason=reason, created_by=staff, attempts=1, idempotency_key=_key(),
        next_attempt_at=clock.now() + PATIENCE,
    )  # fmt: skip
    _record(
        recovery, staff, "recovery.started", f"Taking back {amount} {payout.currency} of {payout.public_id}: {reason}"
    )
    enqueue(RECOVER_TASK, recovery_id=recovery.pk)
    return recovery


def attempt_recovery(*, recovery: Recovery) -> Recovery:
    """Ask the provider and record its answer. Cannot be called inside a transaction; asks only where it is time."""
    with committed():
        recovery = _lock(recovery)
        if not _claim(recovery):
            return recovery
    payout = recovery.payout
    try:
        result = provider_named(payout.account.provider).reverse_transfer(
            idempotency_key=recovery.idempotency_key,
            transfer_reference=payout.reference,
            amount=recovery.amount,
            currency=payout.currency,
        )
    except ProviderUnavailable:
        logger.warning("recovery %s: the provider gave no answer, it is asked again", recovery.public_id)
        return recovery
    with committed():
        key = recovery.idempotency_key
        recovery = _lock(recovery)
        if recovery.status != RecoveryStatus.PROCESSING or recovery.idempotency_key != key:
            return recovery
        now = clock.now()
        if result.succeeded:
            recovery.reference = result.reference
            _end(recovery, RecoveryStatus.SUCCEEDED, now)
            book_recovered(recovery, now)
            summary = f"Took back {recovery.amount} {payout.currency} of {payout.public_id}"
            _record(recovery, None, "recovery.succeeded", summary)
        else:
            recovery.status, recovery.failure_code = RecoveryStatus.OWED, result.failure_code
            days = RETRY_AFTER_DAYS[min(recovery.attempts, len(RETRY_AFTER_DAYS)) - 1]
            recovery.next_attempt_at = now + dt.timedelta(days=days)
            recovery.save(update_fields=["status", "failure_code", "next_attempt_at"])
            summary = f"{recovery.amount} {payout.currency} of {payout.public_id} stay owed: {result.failure_code}"
            _record(recovery, None, "recovery.refused", summary)
    return recovery


def retry_recoveries() -> int:
    """Ask again for what was refused or not answered, where it is time. How many ended."""
    due = Recovery.objects.filter(
        status__in=[RecoveryStatus.PROCESSING, RecoveryStatus.OWED], next_attempt_at__lte=clock.now()
    )
    ended = 0
    for recovery in due.order_by("pk"):
        try:
            ended += attempt_recovery(recovery=recovery).ended_at is not None
        except Exception:
            logger.exception("recovery %s cannot be carried out", recovery.public_id)
    return ended


@transaction.atomic
def write_off_balances(*, staff: User, account: PayoutAccount, reason: str) -> list[WriteOff]:
    """Give up what the creator owes, in every currency: a loss of the platform. Raises `Conflict` for nothing owed."""
    require_staff(staff, "payouts.add_writeoff")
    reason = checked_reason(reason)
    lock_account(account.organization_id)
    organization, now, made = account.organization, clock.now(), []
    for balance in balances_of(organization):
        if not balance.negative_amount:
            continue
        write_off = WriteOff.objects.create(
            organization=organization,
            amount=balance.negative_amount,
            currency=balance.currency,
            reason=reason,
            created_by=staff,
        )
        book_written_off(write_off, now)
        for recovery in Recovery.objects.filter(
            payout__organization=organization, payout__currency=balance.currency, status=RecoveryStatus.OWED
        ):
            _end(recovery, RecoveryStatus.WRITTEN_OFF, now)
        record_event(
            organization=organization,
            actor=staff,
            action="balance.written_off",
            target=write_off.public_id,
            summary=f"Wrote off {write_off.amount} {write_off.currency}: {reason}",
        )
        made.append(write_off)
    if not made:
        raise Conflict(_("No balance of this creator is below zero."))
    return made


def _claim(recovery: Recovery) -> bool:
    """Whether the provider is to be asked; the row says so, with the key, before it is."""
    now = clock.now()
    if recovery.status == RecoveryStatus.OWED:
        if recovery.next_attempt_at is None or recovery.next_attempt_at > now:
            return False
        amount = min(recovery.amount, _recoverable(recovery.payout))
        if not amount:
            _end(recovery, RecoveryStatus.SETTLED, now)
            return False
        recovery.amount, recovery.attempts = amount, recovery.attempts + 1
        # What was refused under a key stays refused.
        recovery.idempotency_key = _key()
        recovery.status = RecoveryStatus.PROCESSING
    elif recovery.status != RecoveryStatus.PROCESSING:
        return False
    recovery.next_attempt_at = now + PATIENCE
    recovery.save(update_fields=["amount", "attempts", "idempotency_key", "status", "next_attempt_at"])
    return True


def _recoverable(payout: Payout) -> int:
    """What is owed, as far as this payout still holds it."""
    taken = payout.recoveries.filter(status=RecoveryStatus.SUCCEEDED).aggregate(total=Sum("amount"))["total"]
    owed = balance_of(payout.organization, payout.currency).negative_amount
    return min(owed, payout.amount - int(taken or 0))


def _lock(recovery: Recovery) -> Recovery:
    lock_organization(recovery.payout.organization_id)
    return (
        Recovery.objects.select_for_update(of=("self",))
        .select_related("payout__organization", "payout__account")
        .get(pk=recovery.pk)
    )


def _end(recovery: Recovery, status: RecoveryStatus, at: dt.datetime) -> None:
    recovery.status, recovery.ended_at, recovery.next_attempt_at = status, at, None
    recovery.save(update_fields=["status", "ended_at", "next_attempt_at", "reference"])


def _key() -> str:
    return f"recovery-{random_base62(22)}"


def _record(recovery: Recovery, by: User | None, action: str, summary: str) -> None:
    record_event(
        organization=recovery.payout.organization,
        actor=by,
        action=action,
        target=recovery.payout.public_id,
        summary=summary,
    )
