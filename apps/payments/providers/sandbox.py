"""The sandbox provider: moves no money, needs no account, and behaves by the number of the card.

The numbers are those of Stripe's test cards, so that what people have learnt there holds here. Any other number
is refused. The token says how the card behaves, and holds neither its number nor its security code.
"""

import datetime as dt
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.ids import random_base62
from apps.payments.errors import CardRefused
from apps.payments.models import SandboxCharge
from apps.payments.providers.base import Card, CardToken, ChargeResult

_PREFIX = "sbx"
_SUCCEEDS = "succeeds"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number of the sandbox; `decline_code` is what a charge is declined with, empty where it succeeds."""

    __test__ = False  # for pytest, which would take it for a test

    number: str
    brand: str
    decline_code: str
    note: str | Promise


TEST_CARDS = (
    TestCard("4242424242424242", "visa", "", gettext_lazy("succeeds")),
    TestCard("5555555555554444", "mastercard", "", gettext_lazy("succeeds")),
    TestCard("4000000000000002", "visa", "card_declined", gettext_lazy("is declined")),
    TestCard("4000000000009995", "visa", "insufficient_funds", gettext_lazy("has insufficient funds")),
    TestCard("4000000000000341", "visa", "generic_decline", gettext_lazy("can be saved, and fails when it is charged")),
)
_BY_NUMBER = {card.number: card for card in TEST_CARDS}


class SandboxProvider:
    """See `apps.payments.providers.base.PaymentProvider`."""

    def tokenize(self, card: Card, *, today: dt.date) -> CardToken:
        number = "".join(card.number.split()).replace("-", "")
        if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and _passes_luhn(number)):
            raise CardRefused(_("This is not a card number. Check its digits."), field="number")
        known = _BY_NUMBER.get(number)
        if known is None:
            raise CardRefused(
                _("This installation takes test cards only, and never a real one. Use 4242 4242 4242 4242."),
                field="number",
            )
        if not 1 <= card.exp_month <= 12:
            raise CardRefused(_("Give the month as a number from 1 to 12."), field="exp_month")
        if not 2000 <= card.exp_year <= 2099:
            raise CardRefused(_("Give the year with four digits."), field="exp_year")
        if _is_over(card.exp_month, card.exp_year, today):
            raise CardRefused(_("The card has expired."), field="exp_year")
        if not (card.cvc.isascii() and card.cvc.isdigit() and len(card.cvc) == 3):
            raise CardRefused(_("The security code has three digits."), field="cvc")
        behaviour = known.decline_code or _SUCCEEDS
        # Each test card has its own of these.
        fingerprint = ":".join([_PREFIX, behaviour, known.brand, number[-4:], f"{card.exp_year}-{card.exp_month:02}"])
        token = f"{fingerprint}:{random_base62(16)}"
        return CardToken(token, known.brand, number[-4:], card.exp_month, card.exp_year, fingerprint)

    def charge(
        self, *, idempotency_key: str, token: str, amount: int, currency: str, description: str, today: dt.date
    ) -> ChargeResult:
        charge, added = SandboxCharge.objects.get_or_create(
            idempotency_key=idempotency_key,
            defaults={
                "token": token,
                "amount": amount,
                "currency": currency,
                "reference": f"sbx_ch_{random_base62(22)}",
                "decline_code": _decline_code(token, today),
            },
        )
        if not added and (charge.token, charge.amount, charge.currency) != (token, amount, currency):
            raise ValueError(f"the key {idempotency_key} was used for another charge")
        return ChargeResult(charge.reference, charge.decline_code)


def _decline_code(token: str, today: dt.date) -> str:
    _prefix, behaviour, _brand, _last4, expiry, _salt = token.split(":")
    year, month = expiry.split("-")
    if _is_over(int(month), int(year), today):
        return "expired_card"
    return "" if behaviour == _SUCCEEDS else behaviour


def _is_over(month: int, year: int, today: dt.date) -> bool:
    """A card can be used to the last day of its month."""
    return (year, month) < (today.year, today.month)


def _passes_luhn(number: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
