"""What a payout does to the books. Each source is booked once, however often it is reported."""

import datetime as dt

from django.utils.translation import gettext as _

from apps.accounts.models import Organization
from apps.ledger.enums import AccountKind
from apps.ledger.models import LedgerAccount
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.payouts import sources
from apps.payouts.enums import PayoutMethod
from apps.payouts.models import Payout, Recovery, WriteOff


def book_created(payout: Payout, at: dt.datetime) -> None:
    """From the creator's balance to what is on its way."""
    _book(payout, sources.CREATED, _("Payout %(id)s"), at, debit=_payable(payout), credit=_transit(payout))


def book_paid(payout: Payout, at: dt.datetime) -> None:
    _book(payout, sources.PAID, _("Payout %(id)s sent"), at, debit=_transit(payout), credit=_cash(payout))


def book_returned(payout: Payout, at: dt.datetime, *, was_paid: bool) -> None:
    """Back to the creator's balance: from what is on its way, or from where it had been paid."""
    origin = _cash(payout) if was_paid else _transit(payout)
    _book(payout, sources.RETURNED, _("Payout %(id)s returned"), at, debit=origin, credit=_payable(payout))


def book_recovered(recovery: Recovery, at: dt.datetime) -> None:
    payout = recovery.payout
    post_entry(
        source=f"{sources.RECOVERED}:{recovery.public_id}",
        description=_("Taken back of payout %(id)s") % {"id": payout.public_id},
        occurred_at=at,
        movements=[Movement(_cash(payout), recovery.amount), Movement(_payable(payout), -recovery.amount)],
    )


def book_written_off(write_off: WriteOff, at: dt.datetime) -> None:
    losses = get_or_open_account(kind=AccountKind.PLATFORM_LOSSES, currency=write_off.currency)
    creator = creator_account(write_off.organization, write_off.currency)
    post_entry(
        source=f"{sources.WRITTEN_OFF}:{write_off.public_id}",
        description=_("Balance of %(name)s written off") % {"name": write_off.organization},
        occurred_at=at,
        movements=[Movement(losses, write_off.amount), Movement(creator, -write_off.amount)],
    )


def creator_account(organization: Organization, currency: str) -> LedgerAccount:
    return get_or_open_account(kind=AccountKind.CREATOR_PAYABLE, currency=currency, organization=organization)


def _book(
    payout: Payout, source: str, description: str, at: dt.datetime, *, debit: LedgerAccount, credit: LedgerAccount
) -> None:
    post_entry(
        source=f"{source}:{payout.public_id}",
        description=description % {"id": payout.public_id},
        occurred_at=at,
        movements=[Movement(debit, payout.amount), Movement(credit, -payout.amount)],
    )


def _payable(payout: Payout) -> LedgerAccount:
    return creator_account(payout.organization, payout.currency)


def _transit(payout: Payout) -> LedgerAccount:
    return get_or_open_account(kind=AccountKind.PAYOUTS_IN_TRANSIT, currency=payout.currency)


def _cash(payout: Payout) -> LedgerAccount:
    """Staff pay from the platform's own bank, not from what the provider holds."""
    by_provider = payout.method == PayoutMethod.PROVIDER
    kind = AccountKind.PROVIDER_CASH if by_provider else AccountKind.PLATFORM_BANK
    return get_or_open_account(kind=kind, currency=payout.currency)
