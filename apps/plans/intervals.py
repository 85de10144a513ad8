"""Prices of different billing intervals, made comparable: pure functions."""

from fractions import Fraction
from typing import Protocol

# The mean length of each in days; a month is a twelfth of a year of 365.25 days.
DAYS = {"week": Fraction(7), "month": Fraction(1461, 48), "year": Fraction(1461, 4)}


class Priced(Protocol):
    """What is read of a plan."""

    price_amount: int
    interval: str


def price_per_day(terms: Priced) -> Fraction:
    """The mean price of a day, in minor units."""
    return terms.price_amount / DAYS[terms.interval]
