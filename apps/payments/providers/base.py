"""The port to a payment provider: the few things that the rest of the product asks of one.

Amounts are whole minor units of an ISO 4217 currency, and above zero unless it is said otherwise.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
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
class SavedCard:
    """A card that was typed on the provider's page, and the organization (its public id) that it was saved for."""

    organization_id: str
    card: CardToken
    holder_name: str = ""


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """What has become of a charge: the money is moved, or (with a code) it is not, or one of two waits.

    `action_url`: the bank wants the cardholder to confirm it there, or the provider their card. `is_pending`: the
    provider does not know yet. `card`: what was typed on the provider's page and has paid, where it may be kept.
    """

    reference: str
    decline_code: str = ""
    action_url: str = ""
    is_pending: bool = False
    card: SavedCard | None = None

    @property
    def succeeded(self) -> bool:
        return not (self.decline_code or self.action_url or self.is_pending)


@dataclass(frozen=True, slots=True)
class RefundResult:
    """The money is on its way back, or (with a code) it is not; or the provider does not know yet."""

    reference: str
    failure_code: str = ""
    is_pending: bool = False

    @property
    def succeeded(self) -> bool:
        return not (self.failure_code or self.is_pending)


@dataclass(frozen=True, slots=True)
class TransferResult:
    """The money is moved, or (with a code) it is not."""

    reference: str
    failure_code: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.failure_code


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """Whether the holder of an account has said who they are, and whether transfers reach them.

    `requirements`: what the provider still wants, in its words, such as `individual.verification.document`.
    """

    details_submitted: bool
    payouts_enabled: bool
    requirements: tuple[str, ...]
    country: str


class BalanceKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    DISPUTE_REVERSAL = "dispute_reversal"
    FEE = "fee"
    TRANSFER = "transfer"
    TRANSFER_REVERSAL = "transfer_reversal"


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """A movement of the platform's balance at the provider.

    `amount` is signed: what came in is above zero, what went out below. `fee` is what the provider took besides, below
    zero where it gives one back. `source` is the reference by which the provider's answer (or, of a dispute, its
    message) named what moved the money.
    """

    id: str
    kind: BalanceKind
    amount: int
    fee: int
    currency: str
    source: str
    occurred_at: dt.datetime


class PaymentProvider(Protocol):
    """Calls go over a network: never inside a database transaction.

    What moves money is asked with an idempotency key: it happens once for each key however often it is asked, and the
    answer to a key never changes. Another request with a key that was used raises ValueError. Every call raises
    `ProviderUnavailable` where the answer is not known: ask again with the same key.
    """

    @property
    def takes_cards(self) -> bool:
        """Whether people type their cards into our own form (`tokenize`); else on a page of the provider's
        (`start_card_setup`, `start_payment`). What a provider does not have raises `NotOffered`.
        """

    def tokenize(self, card: Card, *, today: dt.date) -> CardToken:
        """Exchange a card for a token. Raises `CardRefused` with the field that is wrong."""

    def start_card_setup(
        self, *, idempotency_key: str, organization_id: str, email: str, return_url: str, cancel_url: str
    ) -> str:
        """The address of the provider's page on which a card is saved for the organization (its public id).

        It leads to `return_url` with `session` in its query, the reference for `find_card_setup`.
        """

    def find_card_setup(self, *, reference: str) -> SavedCard | None:
        """The card that was saved on the provider's page; None while none is."""

    def minimum_amount(self, currency: str) -> int:
        """The smallest amount that can be charged."""

    def charge(
        self,
        *,
        idempotency_key: str,
        token: str,
        amount: int,
        currency: str,
        description: str,
        today: dt.date,
        off_session: bool,
        return_url: str,
    ) -> ChargeResult:
        """Charge a saved card. `off_session`: nobody is there to confirm it at once. The bank leads whoever confirms
        it back to `return_url`.
        """

    def start_payment(
        self,
        *,
        idempotency_key: str,
        organization_id: str,
        email: str,
        amount: int,
        currency: str,
        description: str,
        return_url: str,
    ) -> ChargeResult:
        """A charge whose card is typed on the provider's page, at `action_url`, and kept for renewals.

        The page leads to `return_url`, paid or not. The reference changes when it is paid, to that of the charge.
        """

    def find_charge(self, *, idempotency_key: str, reference: str) -> ChargeResult | None:
        """How a charge stands now. `reference` is that of an earlier answer, empty where there was none.

        None: the provider has never made a charge for this key.
        """

    def cancel_charge(self, *, reference: str) -> ChargeResult:
        """Give up a charge that waits for its cardholder; how it stands then, which may be that it succeeded.

        Its page, if it has one, takes no card any more.
        """

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, currency: str) -> RefundResult:
        """Give a charge, or a part of it, back to its card."""

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str) -> RefundResult | None:
        """How a refund stands now; as `find_charge`."""

    def create_account(self, *, idempotency_key: str, organization_id: str, email: str, country: str) -> str:
        """Open an account to which transfers can go (ISO 3166 country, two letters); its reference."""

    def account_link(self, *, account: str, return_url: str, refresh_url: str) -> str:
        """The address of the page on which the holder gives their details. It holds for minutes: ask at each visit.

        The page leads to `return_url` afterwards, and to `refresh_url` where its own address has expired.
        """

    def account_status(self, *, account: str) -> AccountStatus:
        """An account that the provider does not know, or no longer, has `account.unknown` among its requirements."""

    def transfer(
        self, *, idempotency_key: str, destination: str, amount: int, currency: str, description: str
    ) -> TransferResult:
        """Move money from the platform's balance to an account."""

    def reverse_transfer(
        self, *, idempotency_key: str, transfer_reference: str, amount: int, currency: str
    ) -> TransferResult:
        """Take a transfer, or a part of it, back. Fails with `insufficient_balance` where the account has less."""

    def list_balance_transactions(self, *, since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
        """What moved the platform's balance within [since, until), the oldest first."""
