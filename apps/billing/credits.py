"""What a credit takes back of each line of an invoice: pure arithmetic.

Reckoned from what is left of the lines, so that credits which take back everything sum to everything, tax included.
"""

from collections.abc import Sequence
from fractions import Fraction

from apps.billing.tax import LineTax
from apps.core.money import allocate, round_half_up


def credit_total(left: Sequence[LineTax], total: int) -> list[LineTax]:
    """Take back `total`, tax included, of all lines in proportion to what is left of them."""
    wholes = [line.amount + line.tax_amount for line in left]
    return [
        _with_share(line, part, Fraction(part, whole) if whole else Fraction(0))
        for line, part, whole in zip(left, allocate(total, wholes), wholes, strict=True)
    ]


def credit_amount(left: LineTax, amount: int) -> LineTax:
    """Take back an amount without tax of one line, and the tax in proportion, rounded half up."""
    share = Fraction(amount, left.amount) if left.amount else Fraction(0)
    return LineTax(amount, round_half_up(left.tax_amount * share))


def _with_share(line: LineTax, part: int, share: Fraction) -> LineTax:
    tax = round_half_up(line.tax_amount * share)
    return LineTax(part - tax, tax)
