"""What the sandbox answers; see `apps.payments.providers.base.PaymentProvider`."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction

from apps.accounts.models import Organization
from apps.core.ids import random_base62
from apps.payments.enums import SandboxAnswer, SandboxConduct, SandboxMovementKind
from apps.payments.errors import NotOffered
from apps.payments.models import SandboxAccount, SandboxCharge, SandboxConfirmation, SandboxMovement
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
from apps.payments.providers.sandbox import balance, cards
from apps.payments.providers.sandbox.cards import Behaviour


class SandboxProvider:
    takes_cards = True

    def tokenize(self, card: Card, *, today: dt.date) -> CardToken:
        return cards.tokenize(card, today)

    def start_card_setup(
        self, *, idempotency_key: str, organization_id: str, email: str, return_url: str, cancel_url: str
    ) -> str:
        raise NotOffered("cards of the sandbox are typed into our own form")

    def find_card_setup(self, *, reference: str) -> SavedCard | None:
        raise NotOffered("cards of the sandbox are typed into our own form")

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
        behaviour = cards.behaviour_of(token, today)
        if amount < self.minimum_amount(currency):
            behaviour = "amount_too_small"
        must_confirm = behaviour == Behaviour.CONFIRMS_ALWAYS or (
            behaviour == Behaviour.CONFIRMS_OFF_SESSION and off_session
        )
        charge, added = SandboxCharge.objects.get_or_create(
            idempotency_key=idempotency_key,
            defaults={
                "token": token,
                "amount": amount,
                "currency": currency,
                "reference": f"sbx_ch_{random_base62(22)}",
                "decline_code": "" if behaviour in set(Behaviour) else behaviour,
                "action_url": f"{return_url}confirm/" if must_confirm else "",
            },
        )
        if not added and (charge.token, charge.amount, charge.currency) != (token, amount, currency):
            raise ValueError(f"the key {idempotency_key} was used for another charge")
        return ChargeResult(charge.reference, charge.decline_code, charge.action_url)

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
        raise NotOffered("cards of the sandbox are typed into our own form")

    def find_charge(self, *, idempotency_key: str, reference: str) -> ChargeResult | None:
        charge = SandboxCharge.objects.filter(idempotency_key=idempotency_key).select_related("confirmation").first()
        return None if charge is None else _as_it_stands(charge)

    def cancel_charge(self, *, reference: str) -> ChargeResult:
        return self.answer_confirmation(reference=reference, answer=SandboxAnswer.CANCELED)

    def answer_confirmation(self, *, reference: str, answer: SandboxAnswer) -> ChargeResult:
        """What the cardholder said on the page that stands for their bank; the first answer holds."""
        charge = SandboxCharge.objects.get(reference=reference)
        if charge.action_url:
            SandboxConfirmation.objects.get_or_create(charge=charge, defaults={"answer": answer})
        return _as_it_stands(charge)

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, currency: str) -> RefundResult:
        with transaction.atomic():
            charge = SandboxCharge.objects.select_for_update().filter(reference=charge_reference).first()
            moved = _move(
                SandboxMovementKind.REFUND,
                idempotency_key,
                charge_reference,
                amount,
                currency,
                failure_code="" if _can_be_refunded(charge, amount, currency) else "charge_not_refundable",
            )
        return RefundResult(moved.reference, moved.failure_code)

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str) -> RefundResult | None:
        found = SandboxMovement.objects.filter(
            kind=SandboxMovementKind.REFUND, idempotency_key=idempotency_key, subject=charge_reference
        ).first()
        return None if found is None else RefundResult(found.reference, found.failure_code)

    def create_account(self, *, idempotency_key: str, organization_id: str, email: str, country: str) -> str:
        wanted = {"holder": organization_id, "email": email, "country": country}
        account, _added = SandboxAccount.objects.get_or_create(
            idempotency_key=idempotency_key, defaults={**wanted, "reference": f"sbx_acct_{random_base62(22)}"}
        )
        if {name: getattr(account, name) for name in wanted} != wanted:
            raise ValueError(f"the key {idempotency_key} was used for another account")
        return account.reference

    def account_link(self, *, account: str, return_url: str, refresh_url: str) -> str:
        """A page of ours stands for the provider's, and does not expire."""
        holder = Organization.objects.get(public_id=SandboxAccount.objects.get(reference=account).holder)
        query = urlencode({"return_url": return_url})
        return f"{settings.WEB_URL}/o/{holder.slug}/sandbox/accounts/{account}/?{query}"

    def account_status(self, *, account: str) -> AccountStatus:
        found = SandboxAccount.objects.filter(reference=account).first()
        if found is None:
            return AccountStatus(
                details_submitted=False, payouts_enabled=False, requirements=("account.unknown",), country=""
            )
        wanted: tuple[str, ...] = ()
        if not found.details_submitted:
            wanted = ("individual.first_name", "individual.last_name", "external_account")
        elif found.conduct == SandboxConduct.RESTRICTED:
            wanted = ("individual.verification.document",)
        return AccountStatus(found.details_submitted, not wanted, wanted, found.country)

    def transfer(
        self, *, idempotency_key: str, destination: str, amount: int, currency: str, description: str
    ) -> TransferResult:
        failure_code = ""
        account = SandboxAccount.objects.filter(reference=destination).first()
        if account is None:
            failure_code = "account_unknown"
        elif not self.account_status(account=destination).payouts_enabled:
            failure_code = "account_restricted"
        elif account.conduct == SandboxConduct.FAILS:
            failure_code = "transfer_failed"
        moved = _move(
            SandboxMovementKind.TRANSFER, idempotency_key, destination, amount, currency, failure_code=failure_code
        )
        return TransferResult(moved.reference, moved.failure_code)

    def reverse_transfer(
        self, *, idempotency_key: str, transfer_reference: str, amount: int, currency: str
    ) -> TransferResult:
        with transaction.atomic():
            transfer = (
                SandboxMovement.objects.select_for_update()
                .filter(kind=SandboxMovementKind.TRANSFER, reference=transfer_reference)
                .first()
            )
            moved = _move(
                SandboxMovementKind.TRANSFER_REVERSAL,
                idempotency_key,
                transfer_reference,
                amount,
                currency,
                failure_code=_why_not_reversed(transfer, amount, currency),
            )
        return TransferResult(moved.reference, moved.failure_code)

    def list_balance_transactions(self, *, since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
        return balance.transactions(since, until)


def _as_it_stands(charge: SandboxCharge) -> ChargeResult:
    if not charge.action_url:
        return ChargeResult(charge.reference, charge.decline_code)
    confirmation = SandboxConfirmation.objects.filter(charge=charge).first()
    if confirmation is None:
        return ChargeResult(charge.reference, action_url=charge.action_url)
    is_confirmed = confirmation.answer == SandboxAnswer.CONFIRMED
    return ChargeResult(charge.reference, "" if is_confirmed else "authentication_required")


def _can_be_refunded(charge: SandboxCharge | None, amount: int, currency: str) -> bool:
    if charge is None or charge.currency != currency or not _as_it_stands(charge).succeeded:
        return False
    return amount <= balance.left_of_charge(charge)


def _why_not_reversed(transfer: SandboxMovement | None, amount: int, currency: str) -> str:
    if transfer is None or transfer.failure_code or transfer.currency != currency:
        return "transfer_not_reversible"
    if amount > balance.left_of_transfer(transfer):
        return "transfer_not_reversible"
    spends = SandboxAccount.objects.filter(reference=transfer.subject, conduct=SandboxConduct.SPENDS).exists()
    return "insufficient_balance" if spends else ""


def _move(
    kind: SandboxMovementKind, idempotency_key: str, subject: str, amount: int, currency: str, *, failure_code: str
) -> SandboxMovement:
    """The movement of this key: the one that was made before, or a new one."""
    wanted: dict[str, Any] = {"kind": kind, "subject": subject, "amount": amount, "currency": currency}
    prefix = {"refund": "sbx_re", "transfer": "sbx_tr", "transfer_reversal": "sbx_trr"}[kind]
    moved, _added = SandboxMovement.objects.get_or_create(
        idempotency_key=idempotency_key,
        defaults={**wanted, "reference": f"{prefix}_{random_base62(22)}", "failure_code": failure_code},
    )
    if {name: getattr(moved, name) for name in wanted} != wanted:
        raise ValueError(f"the key {idempotency_key} was used for another {moved.kind}")
    return moved
