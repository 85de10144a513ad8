"""What sums can be paid out: bounds by currency, in minor units."""

from decimal import Decimal

from django.conf import settings

from apps.core.money import minor_unit_digits, round_half_up

# Sums that banks move only in whole steps: there are no smaller coins, or (with three decimals) the provider takes two.
_STEPS = {"HUF": 100, "TWD": 100} | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10)


def payable(amount: int, currency: str) -> int:
    """The largest sum up to this one that can be paid out; never below zero."""
    step = _STEPS.get(currency, 1)
    return max(0, amount) // step * step


def minimum(currency: str) -> int:
    """The smallest payout of the installation."""
    return _limit(settings.PAYOUT_MINIMUM, currency)


def approval_threshold(currency: str) -> int:
    """Beyond this sum within a day, two of the staff must approve."""
    return _limit(settings.PAYOUT_APPROVAL_ABOVE, currency)


def _limit(table: dict[str, str], currency: str) -> int:
    return round_half_up(Decimal(str(table.get(currency, table["*"]))).scaleb(minor_unit_digits(currency)))
