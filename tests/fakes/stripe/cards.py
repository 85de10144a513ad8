"""Stripe's test cards: the tokens and numbers that stand for one, and how each behaves."""

import re
from dataclasses import dataclass
from typing import Literal

from tests.fakes.stripe.errors import declined, invalid, no_such

Authentication = Literal["never", "unless_saved", "always"]


@dataclass(frozen=True)
class TestCard:
    """`decline_code`: what a charge is declined with. `can_be_saved`: attaching it to a customer succeeds."""

    __test__ = False

    name: str
    number: str
    note: str
    brand: str = "visa"
    decline_code: str = ""
    can_be_saved: bool = True
    authentication: Authentication = "never"
    is_disputed: bool = False
    refund_fails: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = (
    TestCard("visa", "4242424242424242", "succeeds"),
    TestCard("mastercard", "5555555555554444", "succeeds", brand="mastercard"),
    TestCard("amex", "378282246310005", "succeeds", brand="amex"),
    TestCard("chargeDeclined", "4000000000000002", "is declined", decline_code="generic_decline", can_be_saved=False),
    TestCard(
        "chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "has insufficient funds",
        decline_code="insufficient_funds",
        can_be_saved=False,
    ),
    TestCard(
        "chargeDeclinedExpiredCard",
        "4000000000000069",
        "has expired",
        decline_code="expired_card",
        can_be_saved=False,
    ),
    TestCard(
        "chargeCustomerFail", "4000000000000341", "can be saved, and fails when charged", decline_code="generic_decline"
    ),
    TestCard("authenticationRequired", "4000002760003184", "asks for confirmation every time", authentication="always"),
    TestCard(
        "authenticationRequiredOnSetup",
        "4000002500003155",
        "asks for confirmation unless it was confirmed when it was saved",
        authentication="unless_saved",
    ),
    TestCard("createDispute", "4000000000000259", "succeeds, and is disputed", is_disputed=True),
    TestCard("refundFail", "4000000000005126", "succeeds; its refunds fail later", refund_fails=True),
)
BY_NAME = {card.name: card for card in CARDS}
_BY_NUMBER = {card.number: card for card in CARDS}


def of_token(token: str) -> TestCard:
    """By `tok_visa` or `pm_card_visa`."""
    card = BY_NAME.get(token.removeprefix("pm_card_").removeprefix("tok_"))
    if card is None:
        raise no_such("token", token, "card[token]")
    return card


def of_number(number: str) -> TestCard:
    digits = re.sub(r"[ -]", "", number)
    if digits in _BY_NUMBER:
        return _BY_NUMBER[digits]
    if digits.isdecimal() and 12 <= len(digits) <= 19:
        raise declined("generic_decline")
    raise invalid("Your card number is incorrect.", "number", "incorrect_number")
