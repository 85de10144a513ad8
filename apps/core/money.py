"""Arithmetic of money: integers in minor units beside an ISO 4217 code; pure functions."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

# What money is written in: the currencies of ISO 4217 that a country uses, by the decimal places of the minor unit.
# Left out are its codes of funds, metals and tests, and currencies that were given up.
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_MINOR_UNIT_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
CURRENCIES = frozenset(_MINOR_UNIT_DIGITS)

# The largest amount that is charged at once, in minor units of any currency: eight digits, as Stripe takes them
# (https://docs.stripe.com/api/payment_intents/create, `amount`).
AMOUNT_MAX = 99_999_999


def minor_unit_digits(currency: str) -> int:
    """How many decimal places the minor unit stands for: 2 for USD and what is not known, 0 for JPY."""
    return _MINOR_UNIT_DIGITS.get(currency.upper(), 2)


def charge_step(currency: str) -> int:
    """What every sum that is charged or given back is a multiple of, in minor units.

    With three decimals, cards take the last digit as 0 alone (https://docs.stripe.com/currencies#three-decimal).
    """
    return 10 if minor_unit_digits(currency) == 3 else 1


def round_to_step(amount: int, currency: str) -> int:
    """The nearest sum that can be charged, a half away from zero; of what is not nothing, a step at least."""
    step = charge_step(currency)
    steps = round_half_up(Fraction(amount, step))
    return (steps or (amount > 0) - (amount < 0)) * step


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


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights, to the last unit: 100 over 1, 1, 1 is 34, 33, 33.

    What is left after rounding down goes to the largest remainders, of equal ones to the first. Asked for the sum of
    the weights, it gives the weights. They may be below zero; their sum is not zero unless the amount is.
    """
    whole = sum(weights)
    if not amount:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, whole) for weight in weights]
    parts = [share.__floor__() for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda n: parts[n] - exact[n])
    for n in by_remainder[: amount - sum(parts)]:
        parts[n] += 1
    return parts
