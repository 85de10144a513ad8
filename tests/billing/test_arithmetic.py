"""Proration, rating and commission: pure arithmetic of money."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.proration import prorate, unused_quota, unused_time
from apps.billing.rating import commission
from apps.core.money import major_units, round_half_up

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

money = st.integers(0, 10**10)
shares = st.fractions(0, 1)


def test_half_of_the_period_costs_half() -> None:
    half = unused_time(START, END, START + dt.timedelta(days=15))
    assert half == Fraction(1, 2)
    change = prorate(old_amount=1000, new_amount=3000, time_left=half)
    assert (change.charge_amount, change.credit_amount, change.due_amount) == (1500, 500, 1000)


def test_the_credit_is_the_smaller_of_unused_time_and_unused_quota() -> None:
    quota_left = unused_quota(included=100, used=70)
    change = prorate(old_amount=2900, new_amount=2900 * 2, time_left=Fraction(1, 2), quota_left=quota_left)
    assert change.credit_amount == 870
    time_left = prorate(old_amount=2900, new_amount=5800, time_left=Fraction(1, 10), quota_left=quota_left)
    assert time_left.credit_amount == 290


@pytest.mark.parametrize(("included", "used", "left"), [(100, 0, 1), (100, 250, 0), (0, 0, 1), (0, 9, 1)])
def test_unused_quota_at_its_ends(included: int, used: int, left: int) -> None:
    assert unused_quota(included, used) == left


@pytest.mark.parametrize(("at", "left"), [(START, 1), (END, 0), (START - DAY, 1), (END + DAY, 0)])
def test_unused_time_at_its_ends(at: dt.datetime, left: int) -> None:
    assert unused_time(START, END, at) == left


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after"):
        unused_time(START, START, START)


@given(old=money, more=money, time_left=shares, quota_left=shares)
def test_an_upgrade_never_pays_out_and_never_costs_more_than_the_plan(
    old: int, more: int, time_left: Fraction, quota_left: Fraction
) -> None:
    change = prorate(old_amount=old, new_amount=old + more, time_left=time_left, quota_left=quota_left)
    assert 0 <= change.due_amount <= change.charge_amount <= old + more
    assert change.credit_amount <= round_half_up(old * time_left)
    anew = prorate(old_amount=old, new_amount=more, time_left=time_left, quota_left=quota_left, starts_anew=True)
    assert anew.charge_amount == more
    assert 0 <= anew.due_amount <= more


@given(price=money, cut=st.integers(1, 30 * 86400 - 1))
def test_the_two_pieces_of_a_period_cost_the_whole(price: int, cut: int) -> None:
    at = START + dt.timedelta(seconds=cut)
    left = unused_time(START, END, at)
    assert left + Fraction(cut, 30 * 86400) == 1
    spent = price - prorate(old_amount=price, new_amount=price, time_left=left).credit_amount
    assert abs(spent - price * (1 - left)) <= Fraction(1, 2)


@given(subtotal=money, percent=st.decimals(0, 100, places=2))
def test_the_commission_leaves_the_creator_the_rest(subtotal: int, percent: Decimal) -> None:
    share = commission(subtotal, percent)
    assert 0 <= share <= subtotal
    assert abs(share - subtotal * percent / 100) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("amount", "whole"), [("0.5", 1), ("0.4999", 0), ("1.5", 2), ("-0.5", -1), ("2.5", 3), ("17.969999", 18)]
)
def test_a_half_is_rounded_away_from_zero(amount: str, whole: int) -> None:
    assert round_half_up(Decimal(amount)) == whole
    assert round_half_up(Fraction(amount)) == whole


@pytest.mark.parametrize(("currency", "text"), [("USD", "29.00"), ("jpy", "2900"), ("KWD", "2.900")])
def test_minor_units_are_those_of_the_currency(currency: str, text: str) -> None:
    assert str(major_units(2900, currency)) == text
