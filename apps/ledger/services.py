"""Writes of the books: entries are added, never changed."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.db import models, transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import Organization, User
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict
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
    *,
    source: str,
    description: str,
    occurred_at: dt.datetime,
    movements: Sequence[Movement],
    corrects: JournalEntry | None = None,
) -> JournalEntry:
    """Book a money event once: a second call with the same source returns the entry that is there.

    Movements of nothing are left out. Raises `Unbalanced` where fewer than two are left, where they do not sum to
    zero in every currency, and where the source is booked with other movements.
    """
    movements = [movement for movement in movements if movement.amount]
    _check_balanced(movements)
    entry, added = JournalEntry.objects.get_or_create(
        source=source,
        defaults={"description": description[:300], "occurred_at": occurred_at, "corrects": corrects},
    )
    if added:
        Posting.objects.bulk_create(Posting(entry=entry, account=account, amount=n) for account, n in movements)
    elif sorted(entry.postings.values_list("account_id", "amount")) != sorted((a.pk, n) for a, n in movements):
        raise Unbalanced(f"{source} is booked already, with other movements")
    return entry


@transaction.atomic
def correct_entry(*, staff: User, entry: JournalEntry, movements: Sequence[Movement], reason: str) -> JournalEntry:
    """Put an entry right by another one that is linked to it; the entry itself stays as it is.

    The movements are what is added to the books. Raises `NotAllowed`, `Invalid` for no reason, `Unbalanced`.
    """
    return _correct(staff, entry, _next_number(entry), movements, reason)


def _next_number(entry: JournalEntry) -> int:
    """Of its corrections. Taken before the entry is read: of two at the same time one is refused, or the same."""
    return entry.corrections.count() + 1


def _correct(staff: User, entry: JournalEntry, number: int, movements: Sequence[Movement], reason: str) -> JournalEntry:
    require_staff(staff, "ledger.change_journalentry")
    reason = checked_reason(reason)
    correction = post_entry(
        source=f"correction:{entry.public_id}:{number}",
        description=_("Correction of %(source)s: %(reason)s") % {"source": entry.source, "reason": reason},
        occurred_at=clock.now(),
        movements=movements,
        corrects=entry,
    )
    record_event(
        organization=None,
        actor=staff,
        action="entry.corrected",
        target=entry.public_id,
        summary=f"Corrected {entry.source}: {reason}",
        data={"correction": correction.public_id},
    )
    return correction


@transaction.atomic
def reverse_entry(*, staff: User, entry: JournalEntry, reason: str) -> JournalEntry:
    """Undo all that is left of an entry by a correction.

    Raises what `correct_entry` does, and `Conflict` where nothing is left.
    """
    number = _next_number(entry)
    left: dict[LedgerAccount, int] = {}
    of_entry = models.Q(entry=entry) | models.Q(entry__corrects=entry)
    for posting in Posting.objects.filter(of_entry).select_related("account"):
        left[posting.account] = left.get(posting.account, 0) + posting.amount
    movements = [Movement(account, -amount) for account, amount in left.items() if amount]
    if not movements:
        raise Conflict(_("Corrections have undone this entry already."))
    return _correct(staff, entry, number, movements, reason)


def _check_balanced(movements: Sequence[Movement]) -> None:
    sums: dict[str, int] = {}
    for account, amount in movements:
        sums[account.currency] = sums.get(account.currency, 0) + amount
    if len(movements) < 2 or any(sums.values()):
        raise Unbalanced(f"{len(movements)} movements that sum to {sums}")
