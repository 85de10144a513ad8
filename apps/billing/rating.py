"""What is charged for usage beyond the included units: pure arithmetic."""

from dataclasses import dataclass
from decimal import Decimal

from apps.core.money import round_half_up


@dataclass(frozen=True, slots=True)
class Overage:
    """So many units beyond the included ones, and what they cost in minor units."""

    units: int
    amount: int


def rate_overage(*, used: int, included: int, unit_amount: Decimal, most_units: int | None = None) -> Overage:
    """`max(0, used - included)` units, `most_units` at most, at a price that may be a fraction of a cent.

    Rounded half up, once: never unit by unit.
    """
    units = max(0, used - included)
    if most_units is not None:
        units = min(units, most_units)
    return Overage(units, round_half_up(units * unit_amount))


def commission(subtotal: int, percent: Decimal) -> int:
    """The platform's share of an amount in minor units, rounded half up; the rest is the creator's."""
    return round_half_up(subtotal * percent / 100)
