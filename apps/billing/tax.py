"""Which tax a sale bears, and how much of it each line: pure arithmetic (`docs/decisions/0015-tax-per-line.md`).

Tax is reckoned line by line and rounded half up once each; the tax of an invoice is the sum of its lines'.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.core.money import round_half_up


@dataclass(frozen=True, slots=True)
class Buyer:
    """Two letters of ISO 3166 where the country is known, and a tax id that has the form of that country's."""

    country: str = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line in minor units: without tax, and the tax on it. Both are below zero for a credit."""

    amount: int
    tax_amount: int


def place_of_supply(buyer: Buyer, *, seller_country: str) -> str:
    """Whose rate holds: the country of the buyer; that of the seller where the buyer has not said."""
    return buyer.country or seller_country


def is_reverse_charged(buyer: Buyer, *, seller_country: str, union: Collection[str]) -> bool:
    """Whether the buyer owes the tax: a business in another country of the union that the seller is in, too."""
    return bool(buyer.tax_id) and buyer.country != seller_country and buyer.country in union and seller_country in union


def tax_line(price: int, percent: Decimal, *, inclusive: bool) -> LineTax:
    """The tax on a price, on top of it or contained in it.

    Contained, what is without tax is the rest, so that both make up the price exactly.
    """
    if inclusive:
        tax = round_half_up(price * Fraction(percent) / (100 + Fraction(percent)))
        return LineTax(price - tax, tax)
    return LineTax(price, round_half_up(price * Fraction(percent) / 100))
