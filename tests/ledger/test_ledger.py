"""The books: every entry balances, nothing is changed, an event is booked once."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry, LedgerAccount, Posting
from apps.ledger.selectors import balance, find_account, find_entry, list_unbalanced_entries
from apps.ledger.services import Movement, Unbalanced, get_or_open_account, post_entry
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def accounts(currency: str = "USD") -> tuple[LedgerAccount, LedgerAccount, LedgerAccount]:
    creator = OrganizationFactory()
    return (
        get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency=currency),
        get_or_open_account(kind=AccountKind.CREATOR_PAYABLE, currency=currency, organization=creator),
        get_or_open_account(kind=AccountKind.PLATFORM_COMMISSION, currency=currency),
    )


def book(source: str, *movements: Movement) -> JournalEntry:
    return post_entry(source=source, description="A sale", occurred_at=NOW, movements=movements)


def check_deferred() -> None:
    """What the database checks at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@transaction.atomic
def write_rows(source: str, postings: list[tuple[LedgerAccount, int]]) -> None:
    """An entry past the service, committed as far as the database can tell."""
    entry = JournalEntry.objects.create(source=source, description="", occurred_at=NOW)
    Posting.objects.bulk_create(Posting(entry=entry, account=account, amount=amount) for account, amount in postings)
    check_deferred()


def test_an_entry_moves_balances_which_are_derived() -> None:
    cash, creator, platform = accounts()
    book("sale:1", Movement(cash, 2900), Movement(creator, -2610), Movement(platform, -290))
    book("sale:2", Movement(cash, 100), Movement(creator, -90), Movement(platform, -10))
    check_deferred()
    assert [balance(account) for account in (cash, creator, platform)] == [3000, -2700, -300]
    assert find_account(kind=AccountKind.PROVIDER_CASH, currency="usd") == cash
    assert find_account(kind=AccountKind.PROVIDER_CASH, currency="EUR") is None
    entry = find_entry(source="sale:2")
    assert entry is not None
    assert [posting.amount for posting in entry.postings.all()] == [100, -90, -10]


def test_an_event_is_booked_once_and_never_otherwise() -> None:
    cash, creator, _platform = accounts()
    first = book("sale:1", Movement(cash, 5), Movement(creator, -5))
    assert book("sale:1", Movement(creator, -5), Movement(cash, 5)) == first
    assert balance(cash) == 5
    with pytest.raises(Unbalanced, match="other movements"):
        book("sale:1", Movement(cash, 6), Movement(creator, -6))


def test_what_does_not_balance_is_refused() -> None:
    cash, creator, _platform = accounts()
    euro = get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency="EUR")
    for movements in (
        [Movement(cash, 5), Movement(creator, -4)],
        [Movement(cash, 5), Movement(euro, -5)],
        [Movement(cash, 0), Movement(creator, 0)],
        [],
    ):
        with pytest.raises(Unbalanced):
            book("wrong", *movements)
    assert not JournalEntry.objects.exists()


def test_the_database_refuses_what_the_service_would() -> None:
    cash, creator, _platform = accounts()
    euro = get_or_open_account(kind=AccountKind.CREATOR_PAYABLE, currency="EUR", organization=creator.organization)
    wrong: list[list[tuple[LedgerAccount, int]]] = [
        [],
        [(cash, 5), (creator, -4)],
        [(cash, 5), (euro, -5)],
    ]
    for number, postings in enumerate(wrong):
        with pytest.raises(IntegrityError):
            write_rows(f"raw:{number}", postings)
    with pytest.raises(IntegrityError), transaction.atomic():
        Posting.objects.create(entry=book("x", Movement(cash, 1), Movement(creator, -1)), account=cash, amount=0)


@pytest.mark.parametrize("model", [JournalEntry, Posting, LedgerAccount])
def test_nothing_is_changed_or_deleted(model: Any) -> None:
    cash, creator, _platform = accounts()
    entry = book("sale:1", Movement(cash, 5), Movement(creator, -5))
    table = model._meta.db_table
    column = {JournalEntry: "description = 'x'", Posting: "amount = amount", LedgerAccount: "currency = 'EUR'"}[model]
    for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}"):
        with (
            pytest.raises(IntegrityError, match="never changed or deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert find_entry(source="sale:1") == entry


def test_an_account_is_opened_once_and_belongs_to_whom_its_kind_says() -> None:
    creator = OrganizationFactory()
    kind = AccountKind.CREATOR_PAYABLE
    one = get_or_open_account(kind=kind, currency="usd", organization=creator)
    assert get_or_open_account(kind=kind, currency="USD", organization=creator) == one
    for wrong in ({"kind": kind, "organization": None}, {"kind": AccountKind.TAX_PAYABLE, "organization": creator}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerAccount.objects.create(currency="USD", **wrong)
    get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency="USD")
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(kind=AccountKind.PROVIDER_CASH, currency="USD")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=4), min_size=1, max_size=8))
def test_all_accounts_together_are_always_zero(amounts: list[list[int]]) -> None:
    with transaction.atomic():
        cash, creator, platform = accounts()
        others = [creator, platform]
        booked = 0
        for number, entry in enumerate(amounts):
            movements = [Movement(others[place % 2], amount) for place, amount in enumerate(entry)]
            movements.append(Movement(cash, -sum(entry)))
            if len([one for one in movements if one.amount]) >= 2:
                book(f"random:{number}", *movements)
                booked += 1
        check_deferred()
        assert balance(cash) + balance(creator) + balance(platform) == 0
        assert balance(cash) == -sum(sum(entry) for entry in amounts if len([*filter(None, [*entry, sum(entry)])]) >= 2)
        assert JournalEntry.objects.count() == booked
        assert not list_unbalanced_entries().exists()
        transaction.set_rollback(True)
