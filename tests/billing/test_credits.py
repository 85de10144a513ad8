"""Crediting: golden numbers recomputed by hand, and that parts always sum to the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.credits import credit_amount, credit_total
from apps.billing.tax import LineTax
from apps.core.money import allocate


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [1, 2], [33, 67]),
        (333, [874, 125], [291, 42]),
        (5, [0, 7, 0], [0, 5, 0]),
        (0, [3, -3], [0, 0]),
        (1, [10, -1], [1, 0]),
        (0, [], []),
    ],
)
def test_an_amount_is_split_to_the_last_unit_in_a_stable_order(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    assert allocate(amount, weights) == parts


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=6).filter(any), st.integers(0, 10**8))
def test_a_split_is_whole_and_within_one_of_each_share(weights: list[int], amount: int) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(
        abs(part * sum(weights) - amount * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )


@pytest.mark.parametrize(
    ("price", "tax", "net", "credited"),
    [
        # One of 30 days of 200.00 was used: 200 x 29/30 = 193.33, its tax 48.3325; not 241.67, which is 250 x 29/30.
        (20_000, 5_000, 19_333, 4_833),
        # 160 x 29/30 = 154.67, its tax 38.6675.
        (16_000, 4_000, 15_467, 3_867),
    ],
)
def test_the_credit_of_29_of_30_days_with_25_percent_tax(price: int, tax: int, net: int, credited: int) -> None:
    assert credit_amount(LineTax(price, tax), net) == LineTax(net, credited)


LINES = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(0, 10**5)).map(lambda pair: LineTax(*pair)), min_size=1, max_size=4
)


@given(LINES, st.lists(st.integers(1, 100), max_size=5))
def test_credits_of_everything_take_back_every_line_and_its_tax(lines: list[LineTax], percents: list[int]) -> None:
    left = lines
    for percent in [*percents, 100]:
        whole = sum(line.amount + line.tax_amount for line in left)
        asked = max(1, whole * percent // 100) if whole else 0
        parts = credit_total(left, asked)
        assert sum(part.amount + part.tax_amount for part in parts) == asked
        left = [
            LineTax(line.amount - part.amount, line.tax_amount - part.tax_amount)
            for line, part in zip(left, parts, strict=True)
        ]
        assert all(line.amount >= 0 and line.tax_amount >= 0 for line in left)
    assert left == [LineTax(0, 0)] * len(lines)


def test_a_discount_is_taken_along_in_proportion() -> None:
    left = [LineTax(3000, 570), LineTax(-1000, -190)]
    half = credit_total(left, 1190)
    assert half == [LineTax(1500, 285), LineTax(-500, -95)]
