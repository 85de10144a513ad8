"""Arithmetic of money: integers in minor units beside an ISO 4217 code; pure functions."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

# Decimal places of the minor unit where it is not two (ISO 4217).
_MINOR_UNIT_DIGITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


def minor_unit_digits(currency: str) -> int:
    """How many decimal places the minor unit stands for: 2 for USD, 0 for JPY."""
    return _MINOR_UNIT_DIGITS.get(currency.upper(), 2)


def major_units(amount: int | Decimal, currency: str) -> Decimal:
    """Minor units as the number that people read: `2900, "USD"` is 29.00."""
    return Decimal(amount).scaleb(-minor_unit_digits(currency))


def unit_price_digits(unit_amount: Decimal, currency: str) -> int:
    """How many decimal places a price of one unit is written with: 2 for 29.00, 4 for 0.0004."""
    exponent = major_units(unit_amount, currency).normalize().as_tuple().exponent
    return max(minor_unit_digits(currency), -exponent) if isinstance(exponent, int) else 0


def round_half_up(amount: Decimal | Fraction) -> int:
    """Whole minor units; a half goes away from zero, as on paper."""
    if isinstance(amount, Decimal):
        return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    whole = int(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole
