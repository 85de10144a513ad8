"""Graduated tiers: each tier a rounded product, differences of whole sums, and how far an amount reaches."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.rating import TierPrice, extra_units, rate, rate_by_tier, units_for_amount
from apps.core.money import round_half_up

units = st.integers(0, 10**12)
prices = st.decimals(0, 1000, places=8)


@st.composite
def tiers(draw: st.DrawFn) -> list[TierPrice]:
    ends = sorted(draw(st.sets(st.integers(1, 10**12), max_size=4)))
    flats = st.integers(0, 10**6)
    return [TierPrice(end, draw(prices), draw(flats)) for end in [*ends, None]]


def flat(price: str) -> list[TierPrice]:
    """One price for every unit."""
    return [TierPrice(None, Decimal(price))]


GRADUATED = [TierPrice(1000, Decimal("0.2")), TierPrice(5000, Decimal("0.1"), 50), TierPrice(None, Decimal("0.05"))]


@pytest.mark.parametrize(
    ("used", "amount"),
    # 1,000 × 0.2 = 200; 4,000 × 0.1 + 50 = 450; the rest for 0.05 each.
    [(0, 0), (1, 0), (3, 1), (1000, 200), (1001, 250), (1005, 251), (5000, 650), (5010, 651), (25_000, 1650)],
)
def test_each_tier_charges_its_own_units(used: int, amount: int) -> None:
    assert rate(used, GRADUATED) == amount


def test_a_charge_says_which_units_it_is_for() -> None:
    second, third = rate_by_tier(6000, GRADUATED, rated_units=3000)
    assert (second.first_unit, second.units, second.amount, second.flat_amount) == (3001, 2000, 200, 0)
    assert (third.first_unit, third.units, third.amount) == (5001, 1000, 50)


def test_overage_is_rounded_once_for_the_line() -> None:
    assert rate(500, flat("0.001")) == 1  # 0.5, half up
    assert rate(499, flat("0.001")) == 0
    assert rate(3, flat("0.4")) == 1  # 1.2, not 3 × 0


@pytest.mark.parametrize(
    ("used", "included", "most", "extra"),
    [(900, 1000, None, 0), (1000, 1000, 5, 0), (1003, 1000, 5, 3), (1009, 1000, 5, 5), (7, 0, None, 7)],
)
def test_what_is_beyond_the_plan_counts_up_to_the_cap(used: int, included: int, most: int | None, extra: int) -> None:
    assert extra_units(used=used, included=included, most_units=most) == extra


@given(used=units, more=units, some=tiers())
def test_a_price_never_falls_and_differences_come_to_the_whole(used: int, more: int, some: list[TierPrice]) -> None:
    whole, part = rate(used + more, some), rate(used, some)
    assert 0 <= part <= whole
    later = rate_by_tier(used + more, some, rated_units=used)
    assert sum(charge.amount + charge.flat_amount for charge in later) == whole - part
    assert sum(charge.units for charge in later) == more


@given(used=units, price=prices)
def test_one_tier_is_a_price_per_unit(used: int, price: Decimal) -> None:
    assert rate(used, [TierPrice(None, price)]) == round_half_up(used * price)


@given(amount=st.integers(0, 10**9), most=units, some=tiers())
def test_an_amount_reaches_as_far_as_it_pays_and_no_further(amount: int, most: int, some: list[TierPrice]) -> None:
    reach = units_for_amount(amount, some, most_units=most)
    assert 0 <= reach <= most
    assert rate(reach, some) <= amount
    assert reach == most or rate(reach + 1, some) > amount
