"""Making payouts: asked for by a creator, or due by their schedule."""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.billing.notices import amount_in_words
from apps.core import clock
from apps.core.errors import Invalid
from apps.payouts import amounts
from apps.payouts.enums import AccountStatus, PayoutStatus, Schedule
from apps.payouts.errors import AccountMissing, AccountNotReady, BelowMinimum, NotAvailable
from apps.payouts.models import Payout, PayoutAccount
from apps.payouts.notices import tell_staff
from apps.payouts.schedules import due_day
from apps.payouts.selectors import balance_of, balances_of
from apps.payouts.services.booking import book_created
from apps.payouts.services.locks import lock_account
from apps.payouts.services.moving import new_key, send_soon

APPROVALS = 2
# Payouts of so long count together: one large sum is not made of many small ones.
TOGETHER = dt.timedelta(days=1)

logger = logging.getLogger(__name__)


@transaction.atomic
def request_payout(*, actor: Actor, currency: str, amount: int | None = None) -> Payout:
    """Pay out what is available, or so much of it. It leaves the balance at once.

    Raises `NotAllowed`, `AccountMissing`, `AccountNotReady`, `NotAvailable`, `BelowMinimum`, `Invalid`.
    """
    actor.require(Action.PAYOUTS_MANAGE)
    account = lock_account(actor.organization.pk)
    if account is None:
        raise AccountMissing
    return make_payout(account=account, currency=currency.upper(), amount=amount, requested_by=actor.user)


def create_scheduled_payouts() -> int:
    """Pay out what is available to those whose day has come, and who were not paid for it yet. How many there are."""
    today = clock.now().date()
    made = 0
    for schedule in (Schedule.WEEKLY, Schedule.MONTHLY):
        due = due_day(schedule, today)
        waiting = PayoutAccount.objects.filter(
            Q(scheduled_on__isnull=True) | Q(scheduled_on__lt=due),
            schedule=schedule,
            status=AccountStatus.ACTIVE,
            stopped_at=None,
        )
        for organization_id in waiting.order_by("pk").values_list("organization_id", flat=True):
            try:
                made += _pay_by_schedule(organization_id, schedule, due)
            except Exception:
                # One that cannot be paid does not stand in the way of the others.
                logger.exception("organization %s cannot be paid by its schedule", organization_id)
    return made


@transaction.atomic
def _pay_by_schedule(organization_id: int, schedule: Schedule, due: dt.date) -> int:
    account = lock_account(organization_id)
    if account is None or account.schedule != schedule or not account.is_ready:
        return 0
    if account.scheduled_on is not None and account.scheduled_on >= due:
        return 0  # another run was first
    made = 0
    for balance in balances_of(account.organization):
        if balance.payable_amount >= smallest(account, balance.currency):
            make_payout(account=account, currency=balance.currency, amount=None, requested_by=None, scheduled_on=due)
            made += 1
    account.scheduled_on = due
    account.save(update_fields=["scheduled_on"])
    return made


def make_payout(
    *,
    account: PayoutAccount,
    currency: str,
    amount: int | None,
    requested_by: User | None,
    scheduled_on: dt.date | None = None,
    retry_of: Payout | None = None,
) -> Payout:
    """The payout, with what it books. The caller has locked the organization."""
    if not account.is_ready:
        raise AccountNotReady
    balance = balance_of(account.organization, currency)
    amount = balance.payable_amount if amount is None else amount
    _check_amount(account, currency, amount, available=balance.available_amount)
    needed = APPROVALS if _is_large(account, currency, amount) else 0
    now = clock.now()
    payout = Payout.objects.create(
        organization=account.organization,
        account=account,
        method=account.method,
        destination=account.destination,
        amount=amount,
        currency=currency,
        status=PayoutStatus.PENDING_APPROVAL if needed else PayoutStatus.APPROVED,
        approvals_needed=needed,
        requested_by=requested_by,
        scheduled_on=scheduled_on,
        retry_of=retry_of,
        approved_at=None if needed else now,
        idempotency_key=new_key(),
    )
    book_created(payout, now)
    words = amount_in_words(amount, currency)
    record_event(
        organization=account.organization,
        actor=requested_by,
        action="payout.created",
        target=payout.public_id,
        summary=f"Payout of {words} by {account.get_method_display()}",
    )
    if needed:
        tell_staff(f"Approve a payout of {words}", f"{account.organization} is to be paid {words}: {payout.public_id}.")
    else:
        send_soon(payout)
    return payout


def smallest(account: PayoutAccount, currency: str) -> int:
    """The larger one of what the installation and the creator want; at least what can be paid at all."""
    own = account.minimum_amount if currency == account.currency else None
    return max(amounts.minimum(currency), own or 0, 1)


def _check_amount(account: PayoutAccount, currency: str, amount: int, *, available: int) -> None:
    if amount > available:
        text = _("This is more than can be paid out now: %(amount)s.") % {
            "amount": amount_in_words(available, currency)
        }
        raise NotAvailable(text, field="amount", available_amount=available, currency=currency)
    least = smallest(account, currency)
    if amount < least:
        text = _("The smallest payout is %(amount)s.") % {"amount": amount_in_words(least, currency)}
        raise BelowMinimum(text, field="amount", minimum_amount=least, currency=currency)
    if (whole := amounts.payable(amount, currency)) != amount:
        text = _("Banks move whole sums of this currency only, such as %(amount)s.")
        raise Invalid(text % {"amount": amount_in_words(whole, currency)}, field="amount")


def _is_large(account: PayoutAccount, currency: str, amount: int) -> bool:
    """With what else went out within a day without anybody's approval."""
    others = Payout.objects.filter(
        organization=account.organization,
        currency=currency,
        approvals_needed=0,
        created_at__gt=clock.now() - TOGETHER,
        returned_at__isnull=True,
    ).aggregate(total=Sum(F("amount")))["total"]
    return amount + int(others or 0) > amounts.approval_threshold(currency)
