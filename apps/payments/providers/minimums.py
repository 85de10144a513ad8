"""The smallest amounts that a card is charged, as Stripe publishes them (https://docs.stripe.com/currencies)."""

from apps.core.money import charge_step

# Minor units by currency.
_MINIMUMS = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 15_00,
    "DKK": 2_50,
    "EUR": 50,
    "GBP": 30,
    "HKD": 4_00,
    "HUF": 175_00,
    "INR": 50,
    "JPY": 50,
    "MXN": 10_00,
    "MYR": 2_00,
    "NOK": 3_00,
    "NZD": 50,
    "PLN": 2_00,
    "RON": 2_00,
    "SEK": 3_00,
    "SGD": 50,
    "THB": 10_00,
    "USD": 50,
}


def published_minimum(currency: str) -> int:
    """In minor units. Of a currency without a published minimum, the smallest sum that can be charged."""
    return _MINIMUMS.get(currency.upper(), charge_step(currency))
