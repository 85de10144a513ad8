"""The port to a payment provider: the few things that the rest of the product asks of one."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Card:
    """A card as a person types it. It is handed to a provider and kept nowhere; its text does not show the secrets."""

    number: str = field(repr=False)
    exp_month: int
    exp_year: int
    cvc: str = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class CardToken:
    """What a provider gives in exchange for a card."""

    token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    # The same for the same card with the same expiry; empty where the provider does not say.
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """A provider's answer: the money is moved, or (with a code) it is not."""

    reference: str
    decline_code: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.decline_code


class PaymentProvider(Protocol):
    """Calls go over a network: never inside a database transaction."""

    def tokenize(self, card: Card, *, today: dt.date) -> CardToken:
        """Exchange a card for a token. Raises `CardRefused` with the field that is wrong."""

    def charge(
        self, *, idempotency_key: str, token: str, amount: int, currency: str, description: str, today: dt.date
    ) -> ChargeResult:
        """Move the money once for each key, however often it is asked; the answer to a key never changes.

        Raises `ProviderUnavailable` where the answer is not known: ask again with the same key.
        """
