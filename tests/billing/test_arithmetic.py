"""Proration, rating and commission: pure arithmetic of money."""

import datetime as dt
from calendar import monthrange
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.proration import Paid, prorate, unused_quota, unused_time
from apps.billing.rating import commission
from apps.core.money import major_units, round_half_up
from apps.plans.periods import period_at

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

money = st.integers(0, 10**10)
shares = st.fractions(0, 1)


def test_half_of_the_period_costs_half() -> None:
    half = unused_time(START, END, START + dt.timedelta(days=15))
    assert half == Fraction(1, 2)
    change = prorate(paid=[Paid(1000, half)], new_amount=3000, time_left=half)
    assert (change.charge_amount, change.credit_amount, change.due_amount) == (1500, 500, 1000)


def test_the_credit_is_the_smaller_of_unused_time_and_unused_quota() -> None:
    quota_left = unused_quota(included=100, used=70)
    change = prorate(
        paid=[Paid(2900, Fraction(1, 2))], new_amount=2900 * 2, time_left=Fraction(1, 2), quota_left=quota_left
    )
    assert change.credit_amount == 870
    time_left = prorate(
        paid=[Paid(2900, Fraction(1, 10))], new_amount=5800, time_left=Fraction(1, 10), quota_left=quota_left
    )
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
    change = prorate(paid=[Paid(old, time_left)], new_amount=old + more, time_left=time_left, quota_left=quota_left)
    assert 0 <= change.due_amount <= change.charge_amount <= old + more
    assert change.credit_amount <= round_half_up(old * time_left)
    anew = prorate(
        paid=[Paid(old, time_left)], new_amount=more, time_left=time_left, quota_left=quota_left, starts_anew=True
    )
    assert anew.charge_amount == more
    assert 0 <= anew.due_amount <= more


@given(price=money, cut=st.integers(1, 30 * 86400 - 1))
def test_the_two_pieces_of_a_period_cost_the_whole(price: int, cut: int) -> None:
    at = START + dt.timedelta(seconds=cut)
    left = unused_time(START, END, at)
    assert left + Fraction(cut, 30 * 86400) == 1
    spent = price - prorate(paid=[Paid(price, left)], new_amount=price, time_left=left).credit_amount
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


# --- Periods in parts ---------------------------------------------------------------------------------

anchors = st.integers(0, 6 * 366 * 24 * 60).map(lambda minutes: START + dt.timedelta(minutes=minutes))
# The days on which months differ, and those on which clocks are changed in many countries.
odd_anchors = st.sampled_from(
    [
        dt.datetime(2027, 1, 29, 23, 59, tzinfo=dt.UTC),
        dt.datetime(2027, 1, 30, tzinfo=dt.UTC),
        dt.datetime(2027, 1, 31, 12, tzinfo=dt.UTC),
        dt.datetime(2028, 2, 29, 8, tzinfo=dt.UTC),
        dt.datetime(2027, 3, 28, 1, 30, tzinfo=dt.UTC),
        dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC),
    ]
)
intervals = st.sampled_from(["week", "month", "year"])


@given(anchor=anchors | odd_anchors, interval=intervals, cuts=st.lists(shares, max_size=6), price=money)
def test_the_pieces_of_a_period_sum_to_the_whole(
    anchor: dt.datetime, interval: str, cuts: list[Fraction], price: int
) -> None:
    start, end = period_at(interval, "subscription", anchor, anchor)
    length = (end - start) // dt.timedelta(microseconds=1)
    moments = [start, *sorted(start + dt.timedelta(microseconds=int(length * cut)) for cut in cuts), end]
    left = [unused_time(start, end, moment) for moment in moments]
    pieces = [before - after for before, after in pairwise(left)]
    assert (left[0], left[-1], sum(pieces)) == (1, 0, 1)
    # In money: what each piece costs is the difference of what was left before and after it.
    owed = [round_half_up(price * share) for share in left]
    assert sum(before - after for before, after in pairwise(owed)) == price
    assert all(before >= after for before, after in pairwise(owed))


@given(old=money, more=money, time_left=shares)
def test_an_upgrade_costs_the_difference_for_the_time_that_is_left(old: int, more: int, time_left: Fraction) -> None:
    change = prorate(paid=[Paid(old, time_left)], new_amount=old + more, time_left=time_left)
    assert abs(change.charge_amount - change.credit_amount - more * time_left) <= 1


@given(anchor=anchors | odd_anchors, interval=intervals, turns=st.integers(1, 30))
def test_periods_follow_each_other_without_gap_from_any_day(anchor: dt.datetime, interval: str, turns: int) -> None:
    start, end = period_at(interval, "subscription", anchor, anchor)
    assert start == anchor
    for _ in range(turns):
        assert (unused_time(start, end, start), unused_time(start, end, end)) == (1, 0)
        following, end_of_it = period_at(interval, "subscription", anchor, end)
        assert following == end < end_of_it
        if interval != "week":
            assert end_of_it.day in (anchor.day, monthrange(end_of_it.year, end_of_it.month)[1])
        start, end = following, end_of_it


def test_a_quarter_from_its_middle_is_charged_by_its_days() -> None:
    """32 of the 91 days of a quarter of 910.00: the whole period is the divisor."""
    start, end = dt.datetime(2027, 4, 1, tzinfo=dt.UTC), dt.datetime(2027, 7, 1, tzinfo=dt.UTC)
    assert round_half_up(91_000 * unused_time(start, end, end - 32 * DAY)) == 32_000


def test_on_its_first_instant_a_change_costs_the_difference_and_on_its_last_nothing() -> None:
    whole = prorate(
        paid=[Paid(1000, unused_time(START, END, START))], new_amount=3000, time_left=unused_time(START, END, START)
    )
    last = prorate(
        paid=[Paid(1000, unused_time(START, END, END))], new_amount=3000, time_left=unused_time(START, END, END)
    )
    assert (whole.due_amount, last.due_amount) == (2000, 0)
