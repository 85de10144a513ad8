"""See `apps.payments.providers.base.PaymentProvider`."""

import datetime as dt
from collections.abc import Iterator

from apps.payments.errors import NotOffered
from apps.payments.providers.base import (
    AccountStatus,
    BalanceTransaction,
    Card,
    CardToken,
    ChargeResult,
    RefundResult,
    SavedCard,
    TransferResult,
)
from apps.payments.providers.minimums import published_minimum
from apps.payments.providers.stripe import balance, cards, charges, connect, pages, refunds


class StripeProvider:
    takes_cards = False

    def tokenize(self, card: Card, *, today: dt.date) -> CardToken:
        raise NotOffered("cards are typed on Stripe's page")

    def start_card_setup(
        self, *, idempotency_key: str, organization_id: str, email: str, return_url: str, cancel_url: str
    ) -> str:
        return cards.start_setup(
            idempotency_key=idempotency_key,
            organization_id=organization_id,
            email=email,
            return_url=return_url,
            cancel_url=cancel_url,
        )

    def find_card_setup(self, *, reference: str) -> SavedCard | None:
        return cards.find_setup(reference=reference)

    def minimum_amount(self, currency: str) -> int:
        return published_minimum(currency)

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
        return charges.charge(
            idempotency_key=idempotency_key,
            token=token,
            amount=amount,
            currency=currency,
            description=description,
            off_session=off_session,
            return_url=return_url,
        )

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
        return pages.start(
            idempotency_key=idempotency_key,
            organization_id=organization_id,
            email=email,
            amount=amount,
            currency=currency,
            description=description,
            return_url=return_url,
        )

    def find_charge(self, *, idempotency_key: str, reference: str) -> ChargeResult | None:
        if pages.is_session(reference):
            return pages.find(reference=reference)
        return charges.find(idempotency_key=idempotency_key, reference=reference)

    def cancel_charge(self, *, reference: str) -> ChargeResult:
        if pages.is_session(reference):
            return pages.expire(reference=reference)
        return charges.cancel(reference=reference)

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, currency: str) -> RefundResult:
        return refunds.refund(
            idempotency_key=idempotency_key, charge_reference=charge_reference, amount=amount, currency=currency
        )

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str) -> RefundResult | None:
        return refunds.find(idempotency_key=idempotency_key, charge_reference=charge_reference, reference=reference)

    def create_account(self, *, idempotency_key: str, organization_id: str, email: str, country: str) -> str:
        return connect.create_account(
            idempotency_key=idempotency_key, organization_id=organization_id, email=email, country=country
        )

    def account_link(self, *, account: str, return_url: str, refresh_url: str) -> str:
        return connect.account_link(account=account, return_url=return_url, refresh_url=refresh_url)

    def account_status(self, *, account: str) -> AccountStatus:
        return connect.account_status(account=account)

    def transfer(
        self, *, idempotency_key: str, destination: str, amount: int, currency: str, description: str
    ) -> TransferResult:
        return connect.transfer(
            idempotency_key=idempotency_key,
            destination=destination,
            amount=amount,
            currency=currency,
            description=description,
        )

    def reverse_transfer(
        self, *, idempotency_key: str, transfer_reference: str, amount: int, currency: str
    ) -> TransferResult:
        return connect.reverse(
            idempotency_key=idempotency_key, transfer_reference=transfer_reference, amount=amount, currency=currency
        )

    def list_balance_transactions(self, *, since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
        return balance.transactions(since, until)
