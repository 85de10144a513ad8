"""What a provider that reckons tax is asked, and what it answers. Amounts are minor units."""

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
