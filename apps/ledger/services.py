"""Writes of the books: entries are added, never changed."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from apps.accounts.models import Organization
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry, LedgerAccount, Posting


class Movement(NamedTuple):
    """What an entry does to one account: a debit above zero, a credit below, minor units."""

    account: LedgerAccount
    amount: int


class Unbalanced(ValueError):
    """An entry that cannot be booked: a mistake of the program that made it."""


def get_or_open_account(*, kind: AccountKind, currency: str, organization: Organization | None = None) -> LedgerAccount:
    """The account of this kind (and organization, for a creator's), opened at its first use."""
    account, _opened = LedgerAccount.objects.get_or_create(
        kind=kind, currency=currency.upper(), organization=organization
    )
    return account


@transaction.atomic
def post_entry(
    *, source: str, description: str, occurred_at: dt.datetime, movements: Sequence[Movement]
) -> JournalEntry:
    """Book a money event once: a second call with the same source returns the entry that is there.

    Movements of nothing are left out. Raises `Unbalanced` where fewer than two are left, where they do not sum to
    zero in every currency, and where the source is booked with other movements.
    """
    movements = [movement for movement in movements if movement.amount]
    _check_balanced(movements)
    entry, added = JournalEntry.objects.get_or_create(
        source=source, defaults={"description": description[:300], "occurred_at": occurred_at}
    )
    if added:
        Posting.objects.bulk_create(Posting(entry=entry, account=account, amount=n) for account, n in movements)
    elif sorted(entry.postings.values_list("account_id", "amount")) != sorted((a.pk, n) for a, n in movements):
        raise Unbalanced(f"{source} is booked already, with other movements")
    return entry


def _check_balanced(movements: Sequence[Movement]) -> None:
    sums: dict[str, int] = {}
    for account, amount in movements:
        sums[account.currency] = sums.get(account.currency, 0) + amount
    if len(movements) < 2 or any(sums.values()):
        raise Unbalanced(f"{len(movements)} movements that sum to {sums}")
