"""Whoever gets past the guards leaves a trace, which `check_ledger` names; a role without the right cannot even try."""

import datetime as dt
import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import AuditEvent
from apps.core.errors import Conflict, NotAllowed
from apps.ledger import checks
from apps.ledger.checks import Booking, Expectation, list_faults
from apps.ledger.enums import AccountKind
from apps.ledger.models import EntrySeal, JournalEntry, LedgerAccount, Posting
from apps.ledger.selectors import balance
from apps.ledger.services import Movement, Unbalanced, correct_entry, get_or_open_account, post_entry, reverse_entry
from tests.database import unguarded
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def seal() -> None:
    """What the database does at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def account(kind: AccountKind = AccountKind.PROVIDER_CASH, currency: str = "USD") -> LedgerAccount:
    owner = OrganizationFactory() if kind == AccountKind.CREATOR_PAYABLE else None
    return get_or_open_account(kind=kind, currency=currency, organization=owner)


def book(source: str, *movements: Movement) -> JournalEntry:
    entry = post_entry(source=source, description="A sale", occurred_at=NOW, movements=movements)
    seal()
    return entry


def faults() -> set[tuple[str, str]]:
    return {(fault.code, fault.subject) for fault in list_faults()}


def test_every_change_past_the_guards_is_named() -> None:
    cash, creator = account(), account(AccountKind.CREATOR_PAYABLE)
    euro = account(AccountKind.PLATFORM_COMMISSION, "EUR")
    for number in range(6):
        book(f"sale:{number}", Movement(cash, 100), Movement(creator, -100))
    assert faults() == set()
    call_command("check_ledger", stdout=(out := StringIO()))
    assert "6 entries, no fault" in out.getvalue()
    entries = list(JournalEntry.objects.order_by("pk"))
    gone = f"entry {entries[4].pk}"
    with unguarded():
        Posting.objects.filter(entry=entries[0], account=cash).update(amount=101)
        JournalEntry.objects.filter(pk=entries[1].pk).update(description="Something else")
        Posting.objects.filter(entry=entries[2], account=cash).update(account=euro)
        Posting.objects.filter(entry=entries[3], account=cash).delete()
        Posting.objects.filter(entry=entries[4])._raw_delete("default")
        JournalEntry.objects.filter(pk=entries[4].pk)._raw_delete("default")
        Posting.objects.create(entry=entries[5], account=cash, amount=-2000)
        Posting.objects.create(entry=entries[5], account=creator, amount=2000)
    assert faults() == {
        ("unbalanced_entry", "sale:0"),
        ("changed_entry", "sale:0"),
        ("changed_entry", "sale:1"),
        ("unbalanced_entry", "sale:2"),
        ("mixed_currencies", "sale:2"),
        ("changed_entry", "sale:2"),
        ("unbalanced_entry", "sale:3"),
        ("incomplete_entry", "sale:3"),
        ("changed_entry", "sale:3"),
        ("removed_entry", gone),
        ("changed_entry", "sale:5"),
        ("currency_not_zero", "USD"),
        ("currency_not_zero", "EUR"),
    }
    assert [(one.code, one.subject) for one in checks.list_warnings()] == [("negative_cash", str(cash))]
    with pytest.raises(CommandError, match="14 faults in 5 entries"):
        call_command("check_ledger", stderr=(err := StringIO()))
    assert f"removed_entry: {gone} (is gone)" in err.getvalue()


def test_what_was_paid_is_booked_once_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = [Booking("a", "USD", 100), Booking("b", "USD", 100), Booking("c", "USD", 100), Booking("d", "EUR", 100)]
    expected = Expectation("sale", AccountKind.PROVIDER_CASH, lambda: happened)
    monkeypatch.setattr(checks, "_expectations", [expected])
    cash, creator = account(), account(AccountKind.CREATOR_PAYABLE)
    for name, amount in (("a", 100), ("b", 99), ("d", 100), ("e", 100)):
        book(f"sale:{name}", Movement(cash, amount), Movement(creator, -amount))
    book("sales:z", Movement(cash, 5), Movement(creator, -5))
    assert faults() == {
        ("wrong_booking", "sale:b"),
        ("missing_booking", "sale:c"),
        ("wrong_booking", "sale:d"),
        ("unfounded_booking", "sale:e"),
    }


def test_a_correction_is_another_entry_that_names_the_first() -> None:
    cash, creator = account(), account(AccountKind.CREATOR_PAYABLE)
    boss = UserFactory(is_staff=True, is_superuser=True)
    entry = book("sale:1", Movement(cash, 100), Movement(creator, -100))
    with pytest.raises(NotAllowed):
        correct_entry(staff=UserFactory(is_staff=True), entry=entry, movements=[], reason="x")
    with pytest.raises(Unbalanced):
        correct_entry(staff=boss, entry=entry, movements=[Movement(cash, 1)], reason="x")
    partial = correct_entry(
        staff=boss, entry=entry, movements=[Movement(cash, -30), Movement(creator, 30)], reason="Wrong price"
    )
    assert (partial.corrects, partial.source) == (entry, f"correction:{entry.public_id}:1")
    assert list(entry.postings.order_by("pk").values_list("amount", flat=True)) == [100, -100]
    rest = reverse_entry(staff=boss, entry=entry, reason="All of it")
    assert sorted(rest.postings.values_list("amount", flat=True)) == [-70, 70]
    assert (balance(cash), balance(creator)) == (0, 0)
    with pytest.raises(Conflict):
        reverse_entry(staff=boss, entry=entry, reason="Again")
    assert AuditEvent.objects.filter(action="entry.corrected", target=entry.public_id).count() == 2
    seal()
    assert faults() == set()


@pytest.mark.django_db(transaction=True)
def test_undone_by_several_at_once_it_is_undone_once() -> None:
    cash, creator = account(), account(AccountKind.CREATOR_PAYABLE)
    boss = UserFactory(is_staff=True, is_superuser=True)
    entry = post_entry(
        source="sale:1", description="", occurred_at=NOW, movements=[Movement(cash, 100), Movement(creator, -100)]
    )
    at_once(*[lambda: reverse_entry(staff=boss, entry=entry, reason="Wrong")] * 4)
    assert (entry.corrections.count(), balance(cash), balance(creator)) == (1, 0, 0)


def test_a_role_with_the_grants_reads_and_adds_and_can_do_no_more() -> None:
    entry = book("sale:1", Movement(account(), 5), Movement(account(AccountKind.PLATFORM_COMMISSION), -5))
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE books_test")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO books_test")
        call_command("ledger_grants", role="books_test", apply=True, stdout=(out := StringIO()))
        assert 'REVOKE ALL ON "ledger_ledgeraccount"' in out.getvalue()
        cursor.execute("SET ROLE books_test")
        try:
            book("sale:2", Movement(account(), 7), Movement(account(AccountKind.TAX_PAYABLE), -7))
            assert JournalEntry.objects.count() == 2
            assert EntrySeal.objects.count() == 2
            for table in ("ledger_ledgeraccount", "ledger_journalentry", "ledger_posting", "ledger_entryseal"):
                column = "digest" if table == "ledger_entryseal" else "id"
                for statement in (
                    f"UPDATE {table} SET {column} = {column}",
                    f"DELETE FROM {table}",
                    f"TRUNCATE {table}",
                    f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                ):
                    with (
                        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
                        transaction.atomic(),
                    ):
                        cursor.execute(statement)
        finally:
            cursor.execute("RESET ROLE")
    assert entry.postings.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        EntrySeal.objects.all().delete()


def run_operations(operations: list[tuple[int, int, int]], every: int) -> None:
    """Random entries between random accounts, corrections among them; after so many the whole is looked over."""
    with transaction.atomic():
        boss = UserFactory(is_staff=True, is_superuser=True)
        accounts = {
            currency: [account(kind, currency) for kind in AccountKind for _ in range(1 + (kind == "creator_payable"))]
            for currency in ("USD", "JPY", "KWD")
        }
        model: dict[int, int] = {}
        entries: list[JournalEntry] = []
        for number, (shape, amount, place) in enumerate(operations):
            group = accounts[("USD", "JPY", "KWD")[shape % 3]]
            if shape % 7 == 0 and entries:
                entry = entries[place % len(entries)]
                movements = [Movement(one.account, -one.amount) for one in entry.postings.select_related("account")]
                entries.append(correct_entry(staff=boss, entry=entry, movements=movements, reason="random"))
            else:
                first, second, third = (group[(place + step * 3) % len(group)] for step in range(3))
                part = amount // (1 + shape % 4)
                movements = [Movement(first, amount), Movement(second, -part), Movement(third, part - amount)]
                source = f"random:{number}"
                entries.append(post_entry(source=source, description="", occurred_at=NOW, movements=movements))
            for moved, change in movements:
                model[moved.pk] = model.get(moved.pk, 0) + change
            if number % every == 0:
                _look_over(accounts, model)
        _look_over(accounts, model)
        assert {fault.code for fault in list_faults()} <= {"overpaid_transit"}
        transaction.set_rollback(True)


def _look_over(accounts: dict[str, list[LedgerAccount]], model: dict[int, int]) -> None:
    seal()
    for group in accounts.values():
        balances = {one.pk: balance(one) for one in group}
        assert sum(balances.values()) == 0
        assert balances == {pk: model.get(pk, 0) for pk in balances}


OPERATIONS = st.tuples(st.integers(0, 83), st.integers(1, 10**12), st.integers(0, 10**6))


@settings(max_examples=3)
@given(st.lists(OPERATIONS, min_size=60, max_size=60))
def test_the_books_are_zero_at_every_instant(operations: list[tuple[int, int, int]]) -> None:
    run_operations(operations, every=20)


@pytest.mark.long
@settings(max_examples=5)
@given(st.integers(0, 2**64))
def test_the_books_are_zero_over_10_000_operations(seed: int) -> None:
    draw = random.Random(seed).randint
    run_operations([(draw(0, 83), draw(1, 10**12), draw(0, 10**6)) for _ in range(2000)], every=500)
