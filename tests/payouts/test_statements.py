"""Statements equal the books to the cent, whatever has happened; files and totals of a year say the same."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Organization
from apps.core.errors import Invalid, NotFound
from apps.ledger.enums import AccountKind
from apps.ledger.selectors import balance
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.payouts import selectors
from apps.payouts.details import AccountDetails, checked
from apps.payouts.exports import manual_csv, statement_csv, yearly_csv
from apps.payouts.models import Payout
from apps.payouts.pdf import render_statement
from apps.payouts.services.booking import creator_account
from tests.factories.accounts import OrganizationFactory
from tests.factories.payouts import PayoutAccountFactory
from tests.payouts.world import account, kind
from tests.pdf import text_of

pytestmark = pytest.mark.django_db

APRIL, MAY = dt.datetime(2027, 4, 1, tzinfo=dt.UTC), dt.datetime(2027, 5, 1, tzinfo=dt.UTC)


def book(
    organization: Organization, source: str, at: dt.datetime, own: int, currency: str = "USD", **others: int
) -> None:
    """`own` is what the creator gains; the others are postings on the platform's accounts, cash takes the rest."""
    movements = [Movement(creator_account(organization, currency), -own)]
    movements += [Movement(kind(name, currency), amount) for name, amount in others.items()]
    movements.append(Movement(kind("provider_cash", currency), own - sum(others.values())))
    post_entry(source=source, description="=cmd|' /C calc'!A0", occurred_at=at, movements=movements)


def a_month(organization: Organization) -> None:
    book(organization, "invoice.paid:inv_0", APRIL - dt.timedelta(microseconds=1), 500)
    book(organization, "invoice.paid:inv_1", APRIL, 9000, platform_commission=-1000, tax_payable=-1900)
    book(organization, "invoice.paid:inv_2", APRIL + dt.timedelta(days=2), 2700, platform_commission=-300)
    book(organization, "refund:re_1", APRIL + dt.timedelta(days=3), -4500, platform_commission=500, tax_payable=950)
    # 1,500 for the dispute itself are the platform's expense: no matter of the creator's.
    book(
        organization,
        "dispute.opened:dp_1",
        APRIL + dt.timedelta(days=4),
        -2700,
        platform_commission=300,
        provider_fees=1500,
    )
    book(organization, "payout.created:po_1", APRIL + dt.timedelta(days=5), -4000, payouts_in_transit=4000)
    book(organization, "correction:je_1:1", APRIL + dt.timedelta(days=6), 7, platform_commission=-7)
    book(organization, "invoice.paid:inv_3", MAY, 100)


def test_a_statement_adds_up_between_the_balances() -> None:
    paid_to, owner = account()
    a_month(paid_to.organization)
    book(PayoutAccountFactory().organization, "invoice.paid:inv_x", APRIL, 12_345)
    found = selectors.get_statement(owner, month="2027-04", currency="USD")
    assert (found.sales, found.gross_amount, found.refund_amount, found.dispute_amount) == (2, 14_900, -5950, -3000)
    assert (found.commission_amount, found.tax_amount, found.adjustment_amount) == (-500, -950, 7)
    assert (found.opening_amount, found.net_amount, found.payout_amount, found.closing_amount) == (
        500,
        4507,
        -4000,
        1007,
    )
    assert selectors.list_months(owner) == [(dt.date(2027, month, 1), "USD") for month in (5, 4, 3)]
    for month in ("2027-4", "2027-13", "x", "99999-01", "2027-04-01"):
        with pytest.raises(NotFound):
            selectors.get_statement(owner, month=month, currency="USD")
    with pytest.raises(NotFound):
        selectors.get_statement(owner, month="2027-04", currency="EUR")
    pdf = render_statement(found)
    assert pdf == render_statement(found)
    text = text_of(pdf)
    for words in ("April 2027", "149.00 USD", "-59.50 USD", "10.07 USD", paid_to.organization.name):
        assert words in text


def test_files_say_the_same() -> None:
    paid_to, _owner = account(legal_name="@Northwind", tax_id="DE123")
    organization = paid_to.organization
    a_month(organization)
    found = selectors.statement(organization, "USD", APRIL, MAY)
    lines = selectors.statement_lines(organization, "USD", APRIL, MAY)
    rows = list(csv.DictReader(io.StringIO(statement_csv(found, lines))))
    assert [row["net"] for row in rows] == ["5.00", "90.00", "27.00", "-45.00", "-27.00", "-40.00", "0.07", "10.07"]
    assert (rows[1]["reference"], rows[1]["gross"], rows[1]["tax"]) == ("inv_1", "119.00", "-19.00")
    # A spreadsheet would carry it out.
    assert rows[1]["description"].startswith("'=cmd")
    book(
        organization,
        "invoice.paid:inv_9",
        dt.datetime(2027, 12, 31, 23, 59, tzinfo=dt.UTC),
        90,
        platform_commission=-10,
    )
    totals = list(csv.DictReader(io.StringIO(yearly_csv(2027, selectors.yearly_totals([organization], 2027)))))
    (total,) = totals
    assert (total["legal_name"], total["tax_id"], total["currency"]) == ("'@Northwind", "DE123", "USD")
    assert [total[f"q{number}_transactions"] for number in (1, 2, 3, 4)] == ["1", "3", "0", "1"]
    assert [total[f"q2_{part}"] for part in ("gross", "fees", "tax")] == ["60.50", "5.00", "9.50"]
    assert total["q4_gross"] == "1.00"
    assert not list(selectors.yearly_totals([organization], 2026))
    # Who has not said where they are paid has earned, too.
    other = OrganizationFactory(name="Tidewater")
    book(other, "invoice.paid:inv_10", dt.datetime(2027, 5, 1, tzinfo=dt.UTC), 90, platform_commission=-10)
    call_command("creator_totals", "2027", stdout=(out := io.StringIO()))
    rows = {row["organization"]: row for row in csv.DictReader(io.StringIO(out.getvalue()))}
    assert rows[organization.public_id] == total
    assert (rows[other.public_id]["legal_name"], rows[other.public_id]["q2_gross"]) == ("Tidewater", "1.00")
    payout = Payout(
        public_id="po_1", account=paid_to, destination=paid_to.destination, method="bank", amount=5, currency="KWD"
    )
    assert "po_1,bank,'@Northwind,DE89370400440532013000,,DE,0.005,KWD" in manual_csv([payout])


PREFIXES = ("invoice.paid", "refund", "dispute.opened", "dispute.won", "payout.created", "payout.returned", "other")
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(PREFIXES),
        st.integers(-(10**9), 10**9).filter(bool),
        st.integers(-(10**6), 10**6),
        st.integers(-(10**6), 10**6),
        st.integers(-40, 70),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
def test_statements_of_all_months_together_are_the_books(events: list[tuple[str, int, int, int, int]]) -> None:
    with transaction.atomic():
        organization = PayoutAccountFactory().organization
        for number, (prefix, own, commission, tax, day) in enumerate(events):
            at = APRIL + dt.timedelta(days=day)
            book(organization, f"{prefix}:{number}", at, own, platform_commission=commission, tax_payable=tax)
        opening = 0
        for month in ("2027-02", "2027-03", "2027-04", "2027-05", "2027-06"):
            found = selectors.statement(organization, "USD", *selectors.statements.month_bounds(month))
            assert found.opening_amount == opening
            assert found.opening_amount + found.net_amount + found.payout_amount == found.closing_amount
            opening = found.closing_amount
        books = get_or_open_account(kind=AccountKind.CREATOR_PAYABLE, currency="USD", organization=organization)
        assert opening == -balance(books)
        transaction.set_rollback(True)


DETAILS = AccountDetails(
    method="bank", legal_name=" Northwind  Ltd ", address="1 Harbour Road", country="de", currency="eur",
    bank_account="de89 3704 0044 0532 0130 00", bank_code="cobadeff", paypal_email="left@example.com",
)  # fmt: skip


def test_details_are_checked_before_they_are_stored() -> None:
    from dataclasses import replace

    good = checked(DETAILS)
    assert (good.legal_name, good.country, good.currency) == ("Northwind Ltd", "DE", "EUR")
    assert (good.bank_account, good.bank_code, good.paypal_email) == ("DE89370400440532013000", "COBADEFF", "")
    assert checked(replace(DETAILS, method="paypal", bank_account="nonsense")).paypal_email == "left@example.com"
    assert checked(replace(DETAILS, bank_account="0123 4567")).bank_account == "01234567"
    wrong: list[dict[str, Any]] = [
        {"method": "cash"}, {"schedule": "daily"}, {"currency": "XXX"}, {"country": "Germany"}, {"country": "XX"},
        {"address": " "}, {"legal_name": ""}, {"bank_account": "DE89370400440532013001"}, {"bank_account": ""},
        {"bank_account": "DE"}, {"bank_code": "?"}, {"minimum_amount": 0}, {"method": "paypal", "paypal_email": "me"},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(Invalid) as caught:
            checked(replace(DETAILS, **change))
        assert caught.value.field == list(change)[-1]
