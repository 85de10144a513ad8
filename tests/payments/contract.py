"""What every payment provider promises: one set of tests, run for each provider by a class of its own.

A class that extends `ProviderContract` says how its cards are saved, how a cardholder answers their bank, and how an
account comes to take transfers or to refuse them. What a provider does is judged by its answers and by its own list
of what moved the balance, never by its tables.
"""

import datetime as dt
from typing import Any

import pytest

from apps.core import clock
from apps.core.ids import random_base62
from apps.payments.providers.base import (
    BalanceKind,
    BalanceTransaction,
    ChargeResult,
    PaymentProvider,
    RefundResult,
    TransferResult,
)

SUCCEEDS = "4242424242424242"
DECLINED = "4000000000000002"
INSUFFICIENT = "4000000000009995"
CONFIRMS_OFF_SESSION = "4000002500003155"
CONFIRMS_ALWAYS = "4000002760003184"
RETURN_URL = "https://example.com/paid/"


def new_key() -> str:
    return f"test-{random_base62(16)}"


class ProviderContract:
    provider: PaymentProvider

    # --- What a provider's own class says ---

    def saved_card(self, number: str) -> str:
        """The token of a card with this test number."""
        raise NotImplementedError

    def answer_bank(self, charge: ChargeResult, *, confirms: bool) -> None:
        """The cardholder goes to `action_url` and confirms the charge, or refuses it."""
        raise NotImplementedError

    def open_account(self, *, takes_transfers: bool = True, can_give_back: bool = True) -> str:
        """An account whose holder has given their details."""
        raise NotImplementedError

    # --- Charges ---

    def charge(self, number: str = SUCCEEDS, amount: int = 2900, **changed: Any) -> ChargeResult:
        request = {
            "idempotency_key": new_key(),
            "token": changed.get("token") or self.saved_card(number),
            "amount": amount,
            "currency": "USD",
            "description": "inv_1",
            "today": clock.now().date(),
            "off_session": False,
            "return_url": RETURN_URL,
        }
        return self.provider.charge(**request | changed)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("number", "code"), [(SUCCEEDS, ""), (DECLINED, "card_declined"), (INSUFFICIENT, "insufficient_funds")]
    )
    def test_a_charge_succeeds_or_is_declined_with_its_code(self, number: str, code: str) -> None:
        key = new_key()
        result = self.charge(number, idempotency_key=key)
        assert (result.succeeded, result.decline_code, result.action_url) == (not code, code, "")
        assert result.reference
        assert self.provider.find_charge(idempotency_key=key, reference=result.reference) == result

    def test_a_key_is_charged_once_whatever_is_asked_with_it(self) -> None:
        key, token = new_key(), self.saved_card(SUCCEEDS)
        first = self.charge(idempotency_key=key, token=token)
        assert self.charge(idempotency_key=key, token=token) == first
        with pytest.raises(ValueError, match=key):
            self.charge(idempotency_key=key, token=token, amount=2901)
        assert [one.amount for one in self.moved(BalanceKind.CHARGE)] == [2900]

    def test_a_charge_that_was_never_made_is_not_found(self) -> None:
        assert self.provider.find_charge(idempotency_key=new_key(), reference="") is None

    @pytest.mark.parametrize(
        ("number", "off_session", "asks"),
        [
            (CONFIRMS_ALWAYS, False, True),
            (CONFIRMS_ALWAYS, True, True),
            (CONFIRMS_OFF_SESSION, True, True),
            (SUCCEEDS, True, False),
        ],
    )
    def test_the_bank_asks_the_cardholder(self, number: str, off_session: bool, asks: bool) -> None:
        result = self.charge(number, off_session=off_session)
        assert bool(result.action_url) is asks
        assert result.succeeded is not asks
        assert result.decline_code == ""
        assert bool(self.moved(BalanceKind.CHARGE)) is not asks, "nothing is moved before it is confirmed"

    @pytest.mark.parametrize("confirms", [True, False])
    def test_what_the_cardholder_answers_is_found(self, confirms: bool) -> None:
        key = new_key()
        asked = self.charge(CONFIRMS_ALWAYS, idempotency_key=key)
        assert self.provider.find_charge(idempotency_key=key, reference=asked.reference) == asked
        self.answer_bank(asked, confirms=confirms)
        found = self.provider.find_charge(idempotency_key=key, reference=asked.reference)
        assert found is not None
        assert (found.reference, found.succeeded) == (asked.reference, confirms)
        assert found.decline_code == ("" if confirms else "authentication_required")
        assert self.provider.cancel_charge(reference=asked.reference) == found, "too late to give it up"
        assert len(self.moved(BalanceKind.CHARGE)) == confirms

    def test_a_charge_that_was_given_up_cannot_be_confirmed(self) -> None:
        key = new_key()
        asked = self.charge(CONFIRMS_ALWAYS, idempotency_key=key)
        given_up = self.provider.cancel_charge(reference=asked.reference)
        assert given_up.decline_code == "authentication_required"
        self.answer_bank(asked, confirms=True)
        assert self.provider.find_charge(idempotency_key=key, reference=asked.reference) == given_up
        assert not self.moved(BalanceKind.CHARGE)

    def test_the_smallest_amounts(self) -> None:
        smallest = {currency: self.provider.minimum_amount(currency) for currency in ("USD", "EUR", "GBP", "JPY")}
        assert smallest == {"USD": 50, "EUR": 50, "GBP": 30, "JPY": 50}
        assert self.charge(amount=50).succeeded

    # --- Refunds ---

    def refund(self, charge: ChargeResult, amount: int, key: str = "") -> RefundResult:
        return self.provider.refund(
            idempotency_key=key or new_key(), charge_reference=charge.reference, amount=amount, currency="USD"
        )

    def test_a_charge_is_refunded_in_parts_up_to_its_amount(self) -> None:
        charge = self.charge(amount=1000)
        key = new_key()
        first = self.refund(charge, 333, key)
        assert first.succeeded
        assert self.refund(charge, 333, key) == first, "once for each key"
        with pytest.raises(ValueError, match=key):
            self.refund(charge, 334, key)
        assert self.provider.find_refund(
            idempotency_key=key, charge_reference=charge.reference, reference=first.reference
        ) == first  # fmt: skip
        too_much = self.refund(charge, 668)
        assert not too_much.succeeded
        assert too_much.failure_code
        assert self.refund(charge, 667).succeeded
        assert not self.refund(charge, 1).succeeded
        assert [one.amount for one in self.moved(BalanceKind.REFUND)] == [-333, -667]

    def test_what_was_not_charged_is_not_refunded(self) -> None:
        assert not self.refund(self.charge(DECLINED), 1).succeeded
        assert not self.refund(self.charge(CONFIRMS_ALWAYS), 1).succeeded
        unasked = {"idempotency_key": new_key(), "charge_reference": self.charge().reference, "reference": ""}
        assert self.provider.find_refund(**unasked) is None
        assert not self.moved(BalanceKind.REFUND)

    # --- Accounts and transfers ---

    def transfer(self, destination: str, amount: int = 500, key: str = "") -> TransferResult:
        return self.provider.transfer(
            idempotency_key=key or new_key(),
            destination=destination,
            amount=amount,
            currency="USD",
            description="po_1",
        )

    def reverse(self, transfer: TransferResult, amount: int, key: str = "") -> TransferResult:
        return self.provider.reverse_transfer(
            idempotency_key=key or new_key(), transfer_reference=transfer.reference, amount=amount, currency="USD"
        )

    def test_an_account_is_opened_once_and_wants_details_first(self, holder: str) -> None:
        request = {"idempotency_key": new_key(), "organization_id": holder, "email": "a@example.com", "country": "DE"}
        account = self.provider.create_account(**request)
        assert self.provider.create_account(**request) == account
        status = self.provider.account_status(account=account)
        assert (status.details_submitted, status.payouts_enabled, status.country) == (False, False, "DE")
        assert status.requirements
        link = self.provider.account_link(account=account, return_url=RETURN_URL, refresh_url=RETURN_URL)
        assert link.startswith(("http://", "https://"))
        assert not self.transfer(account).succeeded
        ready = self.provider.account_status(account=self.open_account())
        assert (ready.details_submitted, ready.payouts_enabled, ready.requirements) == (True, True, ())

    def test_an_unknown_account_takes_nothing(self) -> None:
        status = self.provider.account_status(account="acct_unknown")
        assert (status.payouts_enabled, "account.unknown" in status.requirements) == (False, True)
        assert not self.transfer("acct_unknown").succeeded

    def test_a_transfer_moves_once_and_is_taken_back_in_parts(self) -> None:
        self.charge(amount=1000)
        account, key = self.open_account(), new_key()
        moved = self.transfer(account, 500, key)
        assert moved.succeeded
        assert self.transfer(account, 500, key) == moved
        with pytest.raises(ValueError, match=key):
            self.transfer(account, 501, key)
        back = new_key()
        first = self.reverse(moved, 200, back)
        assert first.succeeded
        assert self.reverse(moved, 200, back) == first
        assert not self.reverse(moved, 301).succeeded
        assert self.reverse(moved, 300).succeeded
        assert [one.amount for one in self.moved(BalanceKind.TRANSFER)] == [-500]
        assert [one.amount for one in self.moved(BalanceKind.TRANSFER_REVERSAL)] == [200, 300]

    def test_a_transfer_that_fails_says_why_and_moves_nothing(self) -> None:
        self.charge(amount=1000)
        failed = self.transfer(self.open_account(takes_transfers=False))
        assert not failed.succeeded
        assert failed.failure_code
        assert not self.moved(BalanceKind.TRANSFER)

    def test_what_an_account_has_spent_is_not_taken_back(self) -> None:
        self.charge(amount=1000)
        moved = self.transfer(self.open_account(can_give_back=False))
        assert moved.succeeded
        assert self.reverse(moved, 1).failure_code == "insufficient_balance"
        assert not self.moved(BalanceKind.TRANSFER_REVERSAL)

    # --- The balance ---

    def listed(self, since: dt.datetime, until: dt.datetime) -> list[BalanceTransaction]:
        return list(self.provider.list_balance_transactions(since=since, until=until))

    def moved(self, kind: BalanceKind) -> list[BalanceTransaction]:
        """What this test has moved, the oldest first."""
        day = dt.timedelta(days=1)
        now = clock.now()
        return [one for one in self.listed(now - day, now + day) if one.kind == kind]

    def test_the_balance_names_each_movement_by_our_references(self) -> None:
        charge = self.charge(amount=1000)
        refund = self.refund(charge, 400)
        transfer = self.transfer(self.open_account(), 300)
        self.charge(DECLINED)
        day = dt.timedelta(days=1)
        now = clock.now()
        found = self.listed(now - day, now + day)
        movements = {(one.kind, one.source, one.amount, one.currency) for one in found}
        assert movements == {
            (BalanceKind.CHARGE, charge.reference, 1000, "USD"),
            (BalanceKind.REFUND, refund.reference, -400, "USD"),
            (BalanceKind.TRANSFER, transfer.reference, -300, "USD"),
        }
        assert len({one.id for one in found}) == len(found)
        assert found == sorted(found, key=lambda one: one.occurred_at)
        second = found[1].occurred_at
        assert found[0] in self.listed(now - day, second)
        assert found[1] not in self.listed(now - day, second), "the end is not within"
        assert found[1] in self.listed(second, now + day)
