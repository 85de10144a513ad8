"""Months that pass as they should: the first one, an upgrade within one, and those that lack a day."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.billing import services as billing
from apps.ledger.enums import AccountKind
from apps.payouts import services as payouts
from apps.payouts.models import Payout
from apps.payouts.selectors import get_statement
from apps.subscriptions import services as subscriptions
from tests.billing.test_changes import use
from tests.billing.world import fresh
from tests.scenarios.money.world import DAY, Story, bills, day, lines, told

Begin = Callable[[str], Story]


def test_a_first_month(story: Begin) -> None:
    """Bought, used beyond the included units, renewed, and paid out to the creator after the hold."""
    begun = story("2027-04-10")
    begun.take_payouts()
    subscription = begun.buy(begun.shop.metered())  # 10.00 a month, 1,000 units, then 2 cents each
    assert begun.earned().pending_amount == 900
    use(subscription, 1200, day("2027-04-20"))

    begun.through("2027-05-09", first="2027-05-08")
    assert len(bills(subscription)) == 1, "nothing is charged before the period is over"
    assert (begun.earned().available_amount, begun.earned().pending_amount) == (900, 0)
    begun.through("2027-05-12")
    first, renewal = bills(subscription)
    assert lines(renewal) == [("plan", 1, 1000), ("overage", 200, 400)]
    assert (renewal.number, renewal.status, renewal.period_start) == ("INV-2027-000002", "paid", first.period_end)
    assert renewal.issued_at is not None
    assert renewal.issued_at.date() == dt.date(2027, 5, 10)

    assert (begun.earned().available_amount, begun.earned().pending_amount) == (900, 1260)
    begun.until("2027-05-18")
    payout = begun.do(payouts.request_payout, actor=begun.creator, currency="USD")
    begun.jobs()
    assert (fresh(payout).status, payout.amount) == ("paid", 2160)
    assert (begun.on(AccountKind.PROVIDER_CASH), begun.on(AccountKind.PLATFORM_COMMISSION)) == (240, -240)

    april, may = (get_statement(begun.creator, month=month, currency="USD") for month in ("2027-04", "2027-05"))
    assert (april.gross_amount, april.commission_amount, april.closing_amount) == (1000, -100, 900)
    assert (may.gross_amount, may.commission_amount, may.payout_amount, may.closing_amount) == (1400, -140, -2160, 0)
    begun.end()
