"""The cards of the sandbox.

The numbers are those of Stripe's test cards, so that what people have learnt there holds here. Any other number
is refused. The token says how the card behaves, and holds neither its number nor its security code.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.ids import random_base62
from apps.payments.errors import CardRefused
from apps.payments.providers.base import Card, CardToken

_PREFIX = "sbx"


class Behaviour(StrEnum):
    """What a card does when it is charged; any other word in a token is the code that it is declined with."""

    SUCCEEDS = "succeeds"
    CONFIRMS_OFF_SESSION = "confirms_off_session"
    CONFIRMS_ALWAYS = "confirms_always"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number of the sandbox; `behaviour` is one of `Behaviour` or a decline code."""

    __test__ = False  # for pytest, which would take it for a test

    number: str
    brand: str
    behaviour: str
    note: str | Promise

    @property
    def decline_code(self) -> str:
        """What every charge is declined with; empty where it is not."""
        return "" if self.behaviour in set(Behaviour) else self.behaviour


TEST_CARDS = (
    TestCard("4242424242424242", "visa", Behaviour.SUCCEEDS, gettext_lazy("succeeds")),
    TestCard("5555555555554444", "mastercard", Behaviour.SUCCEEDS, gettext_lazy("succeeds")),
    TestCard("4000000000000002", "visa", "card_declined", gettext_lazy("is declined")),
    TestCard("4000000000009995", "visa", "insufficient_funds", gettext_lazy("has insufficient funds")),
    TestCard("4000000000000341", "visa", "generic_decline", gettext_lazy("can be saved, and fails when it is charged")),
    TestCard(
        "4000002500003155",
        "visa",
        Behaviour.CONFIRMS_OFF_SESSION,
        gettext_lazy("succeeds, and asks for confirmation when a renewal is charged"),
    ),
    TestCard(
        "4000002760003184", "visa", Behaviour.CONFIRMS_ALWAYS, gettext_lazy("asks for confirmation at each payment")
    ),
    TestCard(
        "4000000000000259", "visa", Behaviour.DISPUTED, gettext_lazy("succeeds, and is disputed as fraud a day later")
    ),
)
_BY_NUMBER = {card.number: card for card in TEST_CARDS}


def tokenize(card: Card, today: dt.date) -> CardToken:
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
    # Each test card has its own of these.
    fingerprint = ":".join([_PREFIX, known.behaviour, known.brand, number[-4:], f"{card.exp_year}-{card.exp_month:02}"])
    token = f"{fingerprint}:{random_base62(16)}"
    return CardToken(token, known.brand, number[-4:], card.exp_month, card.exp_year, fingerprint)


def behaviour_of(token: str, today: dt.date) -> str:
    """One of `Behaviour`, or the code with which the card is declined on this day."""
    _prefix, behaviour, _brand, _last4, expiry, _salt = token.split(":")
    year, month = expiry.split("-")
    return "expired_card" if _is_over(int(month), int(year), today) else behaviour


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
