"""What units beyond the included ones cost, in graduated tiers: pure arithmetic.

One price for every extra unit is a single tier without an end. The amount of each tier is a product of its own,
rounded half up once, as it stands on the invoice; what was charged before is taken off as a difference of whole sums,
so that many small charges come to the same as one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from apps.core.money import round_half_up


@dataclass(frozen=True, slots=True)
class TierPrice:
    """Extra units after the tier before and up to `up_to_units`, counted from the first extra one (None: no end).

    Each costs `unit_amount` minor units, which may be a fraction; the first of them `flat_amount` more.
    """

    up_to_units: int | None
    unit_amount: Decimal
    flat_amount: int = 0


@dataclass(frozen=True, slots=True)
class TierCharge:
    """What one tier charges, in minor units: `amount` for `units`, the first of which is extra unit `first_unit`.

    `flat_amount` comes on top where the tier is entered with them, else it is 0.
    """

    tier: TierPrice
    first_unit: int
    units: int
    amount: int
    flat_amount: int


def rate(units: int, tiers: Sequence[TierPrice]) -> int:
    """What so many extra units cost together, in minor units."""
    return _sum(rate_by_tier(units, tiers))


def rate_by_tier(units: int, tiers: Sequence[TierPrice], *, rated_units: int = 0) -> list[TierCharge]:
    """The charge of each tier that is used, for the extra units beyond the `rated_units` that are charged already.

    Their sum is `rate(units) - rate(rated_units)`. Nothing where no more units were used than that.
    """
    charges, floor = [], 0
    for tier in tiers:
        now, before = _within(units, floor, tier), _within(rated_units, floor, tier)
        if now > before:
            charges.append(
                TierCharge(
                    tier=tier,
                    first_unit=floor + before + 1,
                    units=now - before,
                    amount=_amount(now, tier) - _amount(before, tier),
                    flat_amount=0 if before else tier.flat_amount,
                )
            )
        floor = tier.up_to_units or floor
    return charges


def units_for_amount(amount: int, tiers: Sequence[TierPrice], *, most_units: int) -> int:
    """The largest number of extra units, `most_units` at most, that cost no more than `amount` minor units."""
    # The price never falls with the units, so the last number that is paid for is found by halving.
    low, high = 0, most_units
    while low < high:
        middle = (low + high + 1) // 2
        if rate(middle, tiers) <= amount:
            low = middle
        else:
            high = middle - 1
    return low


def extra_units(*, used: int, included: int, most_units: int | None = None) -> int:
    """How many units beyond the included ones are charged: `most_units` at most."""
    units = max(0, used - included)
    return units if most_units is None else min(units, most_units)


def _within(units: int, floor: int, tier: TierPrice) -> int:
    """How many of these units fall into the tier that begins after `floor`."""
    top = units if tier.up_to_units is None else min(units, tier.up_to_units)
    return max(0, top - floor)


def _amount(units: int, tier: TierPrice) -> int:
    return round_half_up(units * Fraction(tier.unit_amount))


def _sum(charges: Iterable[TierCharge]) -> int:
    return sum(charge.amount + charge.flat_amount for charge in charges)
