"""Our minor units and Stripe's, which differ in a few currencies (https://docs.stripe.com/currencies); pure functions.

Three decimals are sent as they are, and their last digit must be 0: Stripe charges 1.23 KWD, not 1.234. What cannot be
sent raises `NotSendable`: nothing is rounded here, as an invoice says what is charged, and its total is rounded by
billing. What banks take (HUF and TWD are paid out in whole units) is known to payouts.
"""

from decimal import Decimal

from apps.core.money import minor_unit_digits

# Currencies whose amounts Stripe takes in whole units.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
# Without decimals, and yet sent as if they had two.
_WHOLE_SENT_AS_TWO = frozenset({"ISK", "UGX"})


class NotSendable(ValueError):
    """Stripe takes no such amount of this currency."""


def to_stripe(amount: int, currency: str) -> int:
    """Our minor units as Stripe's."""
    scaled = Decimal(amount).scaleb(_stripe_digits(currency) - minor_unit_digits(currency))
    sent = int(scaled)
    if sent != scaled or (_stripe_digits(currency) == 3 and sent % 10):
        raise NotSendable(f"{amount} minor units of {currency}")
    return sent


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's units as our minor units. What Stripe itself moves (fees) is rounded to ours."""
    return round(Decimal(amount).scaleb(minor_unit_digits(currency) - _stripe_digits(currency)))


def _stripe_digits(currency: str) -> int:
    code = currency.upper()
    if code in _WHOLE:
        return 0
    return 2 if code in _WHOLE_SENT_AS_TWO else minor_unit_digits(code)
