"""What is charged for usage beyond the included units, and who keeps how much of it: pure arithmetic."""

from decimal import Decimal

from apps.core.money import round_half_up
from apps.plans.pricing import TierCharge, TierPrice, extra_units, rate, rate_by_tier, units_for_amount

__all__ = ["TierCharge", "TierPrice", "commission", "extra_units", "rate", "rate_by_tier", "units_for_amount"]


def commission(subtotal: int, percent: Decimal) -> int:
    """The platform's share of an amount in minor units, rounded half up; the rest is the creator's."""
    return round_half_up(subtotal * percent / 100)
