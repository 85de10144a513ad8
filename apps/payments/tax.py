"""Tax that Stripe reckons: what it is asked, and what it says.

Its library takes most of a second and 30 MB, so it is loaded by the first question. Amounts are minor units.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxQuestion:
    """A sale. `lines` maps references to amounts above zero: with tax in them (`is_inclusive`), or without.

    The buyer is known by ISO country, and where tax depends on it by postal code and state. `tax_id` is compact.
    """

    currency: str
    lines: dict[str, int]
    is_inclusive: bool
    tax_code: str
    country: str
    postal_code: str
    state: str
    tax_id: str
    is_reverse_charged: bool


@dataclass(frozen=True, slots=True)
class TaxOfLine:
    """`percent` is the sum of the rates that it bears."""

    amount: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Calculation:
    """The answer: the tax of each line, and what it is called, where all lines bear one and the same."""

    reference: str
    lines: dict[str, TaxOfLine]
    tax_name: str
    is_reverse_charged: bool
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A sale in Stripe's tax reports; `items` maps our references of its lines to Stripe's."""

    reference: str
    items: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reversal:
    """How much of a recorded line is taken back, both above zero; `amount` as that line's was given."""

    item: str
    amount: int
    tax_amount: int


class TaxRefused(Exception):
    """Stripe's answer is no, and stays so until something else is asked. The text is Stripe's, for staff.

    `is_about_buyer`: it cannot tell where the buyer is, or does not take their tax id.
    """

    def __init__(self, text: str, *, is_about_buyer: bool = False) -> None:
        super().__init__(text)
        self.is_about_buyer = is_about_buyer


class KeySpent(Exception):
    """Stripe keeps a failure of its own as the answer to this idempotency key: ask with another one."""


def calculate(*, idempotency_key: str, question: TaxQuestion) -> Calculation:
    """Raises `TaxRefused`, `KeySpent` and `ProviderUnavailable`, as do the others."""
    from apps.payments.providers.stripe import tax

    return tax.calculate(idempotency_key=idempotency_key, question=question)


def record_sale(*, idempotency_key: str, calculation: str, reference: str) -> RecordedSale:
    """Put what was calculated into Stripe's tax reports. `reference` names a sale or reversal once and for all."""
    from apps.payments.providers.stripe import tax

    return tax.record_sale(idempotency_key=idempotency_key, calculation=calculation, reference=reference)


def reverse_sale(*, idempotency_key: str, sale: str, reference: str, parts: list[Reversal], currency: str) -> str:
    """Take parts of a recorded sale back; Stripe's reference of the reversal."""
    from apps.payments.providers.stripe import tax

    return tax.reverse_sale(
        idempotency_key=idempotency_key, sale=sale, reference=reference, parts=parts, currency=currency
    )
