"""Which tax a sale bears, and how much of it each line: pure arithmetic (`docs/decisions/0015-tax-per-line.md`).

Tax is reckoned line by line and rounded half up once each; the tax of an invoice is the sum of its lines'.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.core.money import allocate, round_half_up


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


def sent_amounts(prices: Sequence[int]) -> list[int]:
    """What tax is asked about, where only amounts above zero can be: what is below zero is taken off the others.

    In proportion to them; those below zero stay with nothing. Together they are the sum of the prices.
    """
    charges = [max(price, 0) for price in prices]
    credit = sum(charges) - sum(prices)
    off = allocate(credit, charges)
    return [charge - part for charge, part in zip(charges, off, strict=True)]


def tax_lines(prices: Sequence[int], sent: Sequence[int], taxes: Sequence[int], *, inclusive: bool) -> list[LineTax]:
    """The lines with the taxes on what was sent of them (`sent_amounts`): they sum to those taxes exactly.

    A line of which less was sent bears as much in proportion, and those below zero take back what that is too much.
    """
    whole = [
        tax if price == part else round_half_up(Fraction(tax * price, part)) if part else 0
        for price, part, tax in zip(prices, sent, taxes, strict=True)
    ]
    back = [min(price, 0) for price in prices]
    given_back = allocate(sum(taxes) - sum(whole), back) if any(back) else [0] * len(back)
    return [
        LineTax(price - tax if inclusive else price, tax)
        for price, tax in zip(prices, map(sum, zip(whole, given_back, strict=True)), strict=True)
    ]
