"""Stripe's rules on amounts by currency: what it refuses, the fake refuses."""

from tests.fakes.stripe.errors import invalid

# Sent as if they had two decimals, although they have none.
ZERO_DECIMALS_SENT_AS_TWO = {"isk", "ugx"}
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
# A payout must be whole: the bank takes no decimals.
WHOLE_PAYOUTS = {"huf", "twd", "isk", "ugx"}
MINIMUM = {
    "usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "aud": 50, "cad": 50, "chf": 50, "dkk": 250, "nok": 300, "sek": 300,
    "huf": 17500, "pln": 200, "czk": 1500, "bgn": 100, "ron": 200, "hkd": 400, "sgd": 50, "nzd": 50, "mxn": 1000,
    "brl": 50, "inr": 50, "aed": 200, "myr": 200, "thb": 1000,
}  # fmt: skip
LARGEST = 99_999_999


def check_amount(amount: int | None, currency: str, *, minimum: bool = True) -> int:
    """The amount, in the units that Stripe takes. Raises as Stripe would."""
    if amount is None:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    if not (currency.isascii() and currency.isalpha() and len(currency) == 3 and currency.islower()):
        raise invalid(f"Invalid currency: {currency}.", "currency")
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount > LARGEST:
        raise invalid("Amount must be no more than 99999999.", "amount", "amount_too_large")
    if currency in THREE_DECIMALS and amount % 10:
        raise invalid(f"Amount must be divisible by 10 for {currency}.", "amount", "invalid_charge_amount")
    if currency in ZERO_DECIMALS_SENT_AS_TWO and amount % 100:
        raise invalid(f"Amount must be divisible by 100 for {currency}.", "amount", "invalid_charge_amount")
    if minimum and amount < MINIMUM.get(currency, 1):
        raise invalid("Amount must be at least the minimum charge amount.", "amount", "amount_too_small")
    return amount


def check_payout(amount: int | None, currency: str) -> int:
    amount = check_amount(amount, currency, minimum=False)
    if currency in WHOLE_PAYOUTS and amount % 100:
        raise invalid(f"Payouts in {currency} must be divisible by 100.", "amount")
    return amount


def fee_of(amount: int) -> int:
    """What Stripe keeps of a charge: 2.9 % and 30, in minor units."""
    return min(amount, amount * 29 // 1000 + 30)
