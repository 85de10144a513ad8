"""Looking the books over: every fault by its name. There are none, as long as nobody gets past the guards.

Apps above say in `AppConfig.ready()` what must be booked (`expect`): what they know to have happened, once each.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import Sum

from apps.ledger.enums import AccountKind
from apps.ledger.models import LedgerAccount, Posting


class Fault(NamedTuple):
    """`code` names the kind, `subject` where it is: the source of an entry, an account or a currency."""

    code: str
    subject: str
    detail: str


class Booking(NamedTuple):
    """What an entry `<prefix>:<public_id>` must move on the account that its expectation names, in minor units."""

    public_id: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """There is one entry under the prefix for each of the bookings, and no other."""

    prefix: str
    kind: AccountKind
    bookings: Callable[[], Iterable[Booking]]


_expectations: list[Expectation] = []


def expect(expectation: Expectation) -> None:
    if expectation not in _expectations:
        _expectations.append(expectation)


# Named by the source of the entry, or by its number where the entry is gone.
_RULES = {
    "unbalanced_entry": """
        SELECT coalesce(e.source, 'entry ' || p.entry_id), a.currency || ' ' || sum(p.amount)
        FROM ledger_posting p JOIN ledger_ledgeraccount a ON a.id = p.account_id
        LEFT JOIN ledger_journalentry e ON e.id = p.entry_id
        GROUP BY p.entry_id, e.source, a.currency HAVING sum(p.amount) <> 0
    """,
    "mixed_currencies": """
        SELECT e.source, string_agg(DISTINCT a.currency, ', ')
        FROM ledger_posting p JOIN ledger_ledgeraccount a ON a.id = p.account_id
        JOIN ledger_journalentry e ON e.id = p.entry_id
        GROUP BY e.source HAVING count(DISTINCT a.currency) > 1
    """,
    "incomplete_entry": """
        SELECT e.source, count(p.id) || ' postings'
        FROM ledger_journalentry e LEFT JOIN ledger_posting p ON p.entry_id = e.id
        GROUP BY e.id HAVING count(p.id) < 2
    """,
    "changed_entry": """
        SELECT e.source, CASE WHEN s.digest IS NULL THEN 'has no seal' ELSE 'is not what was sealed' END
        FROM ledger_journalentry e LEFT JOIN ledger_entryseal s ON s.entry_id = e.id
        WHERE s.digest IS DISTINCT FROM ledger_digest(e.id)
    """,
    "removed_entry": """
        SELECT 'entry ' || s.entry_id, 'is gone' FROM ledger_entryseal s
        WHERE NOT EXISTS (SELECT FROM ledger_journalentry e WHERE e.id = s.entry_id)
    """,
}


def list_faults() -> Iterator[Fault]:
    """Reads all of the books."""
    for code, query in _RULES.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            yield from (Fault(code, subject, detail) for subject, detail in cursor.fetchall())
    yield from _account_faults()
    for expectation in _expectations:
        yield from _booking_faults(expectation)


def _account_faults() -> Iterator[Fault]:
    """Of the sums: everything together is nothing, and nothing is sent twice."""
    totals: dict[str, int] = {}
    for account in LedgerAccount.objects.annotate(total=Sum("postings__amount", default=0)).order_by("pk"):
        totals[account.currency] = totals.get(account.currency, 0) + account.total
        if account.kind == AccountKind.PAYOUTS_IN_TRANSIT and account.total > 0:
            yield Fault("overpaid_transit", str(account), str(account.total))
    for currency, total in sorted(totals.items()):
        if total:
            yield Fault("currency_not_zero", currency, str(total))


def list_warnings() -> Iterator[Fault]:
    """What is booked rightly, and somebody should know: what the platform owes the provider (`negative_cash`).

    Disputes and refunds take back what was paid out to a creator before.
    """
    cash = LedgerAccount.objects.filter(kind=AccountKind.PROVIDER_CASH)
    for account in cash.annotate(total=Sum("postings__amount", default=0)).filter(total__lt=0).order_by("pk"):
        yield Fault("negative_cash", str(account), str(account.total))


def _booking_faults(expectation: Expectation) -> Iterator[Fault]:
    """A booking that is missing, is another one, or is of nothing that has happened."""
    booked = _booked(expectation)
    for public_id, currency, amount in expectation.bookings():
        source = f"{expectation.prefix}:{public_id}"
        found = booked.pop(source, None)
        if found is None:
            yield Fault("missing_booking", source, f"{amount} {currency}")
        elif found != {currency: amount}:
            yield Fault("wrong_booking", source, f"{found} instead of {amount} {currency}")
    for source, found in booked.items():
        yield Fault("unfounded_booking", source, str(found))


def _booked(expectation: Expectation) -> dict[str, dict[str, int]]:
    """What each entry under the prefix moves on the account, by currency."""
    booked: dict[str, dict[str, int]] = {}
    rows = (
        Posting.objects.filter(entry__source__startswith=f"{expectation.prefix}:")
        .order_by()
        .values_list("entry__source", "account__kind", "account__currency")
        .annotate(total=Sum("amount"))
    )
    for source, kind, currency, total in rows:
        sums = booked.setdefault(source, {})
        if kind == expectation.kind:
            sums[currency] = total
    return booked
