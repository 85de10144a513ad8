"""Stripe, as the fake server plays it, keeps what every payment provider promises."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from apps.payments.errors import ProviderUnavailable
from apps.payments.providers import provider_named
from apps.payments.providers.base import BalanceKind, ChargeResult
from tests.fakes.stripe import FakeStripe, cards
from tests.payments.contract import RETURN_URL, SUCCEEDS, ProviderContract, new_key
from tests.payments.stripe_world import answer_page, beside_stripe, saved_card


@pytest.mark.django_db
class TestStripe(ProviderContract):
    provider = provider_named("stripe")

    @pytest.fixture(autouse=True)
    def stripe_server(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
        with beside_stripe(monkeypatch, settings) as self.fake:
            yield

    fake: FakeStripe

    @pytest.fixture
    def holder(self) -> str:
        return "org_test"

    def saved_card(self, number: str) -> str:
        return saved_card(cards.of_number(number).name)

    def answer_bank(self, charge: ChargeResult, *, confirms: bool) -> None:
        answer_page(charge.action_url, do="confirm" if confirms else "refuse")

    def open_account(self, *, takes_transfers: bool = True, can_give_back: bool = True) -> str:
        account = self.provider.create_account(
            idempotency_key=new_key(), organization_id="org_test", email="bob@example.com", country="DE"
        )
        link = self.provider.account_link(account=account, return_url=RETURN_URL, refresh_url=RETURN_URL)
        assert answer_page(link, do="complete" if takes_transfers else "restrict") == RETURN_URL
        if not can_give_back:
            self.fake.control("account", account, do="pay_out")
        return account

    @pytest.mark.parametrize("kind", ["drop", "drop_before", "rate_limit", "unavailable", "error_after"])
    def test_an_answer_that_was_lost_is_had_by_asking_again(self, kind: str) -> None:
        """Of an error of Stripe's own, which it keeps as the answer to the key, the charge itself tells."""
        key, token = new_key(), self.saved_card(SUCCEEDS)
        self.fake.control("faults", kind=kind, path="/v1/payment_intents")
        with pytest.raises(ProviderUnavailable):
            self.charge(idempotency_key=key, token=token)
        assert self.charge(idempotency_key=key, token=token).succeeded
        assert [one.amount for one in self.moved(BalanceKind.CHARGE)] == [2900]

    def test_a_charge_of_which_no_answer_came_is_found_by_its_key(self) -> None:
        key = new_key()
        made = self.charge(idempotency_key=key)
        assert self.provider.find_charge(idempotency_key=key, reference="") == made

    def test_a_key_that_stripe_does_not_take_is_no_answer(self, settings: Any) -> None:
        settings.STRIPE_SECRET_KEY = "sk_live_" + "0" * 24
        with pytest.raises(ProviderUnavailable):
            self.charge(token="/pm_card_visa")

    def test_an_amount_that_stripe_cannot_take_is_not_charged(self) -> None:
        assert self.charge(amount=1234, currency="KWD").decline_code == "amount_not_supported"
        assert self.charge(amount=1230, currency="KWD").succeeded
        assert self.charge(amount=500, currency="ISK").succeeded
        assert [(one.amount, one.currency) for one in self.moved(BalanceKind.CHARGE)] == [(1230, "KWD"), (500, "ISK")]

    def test_an_account_that_was_disconnected_is_unknown(self) -> None:
        account = self.open_account()
        self.fake.control("account", account, do="deauthorize")
        assert self.provider.account_status(account=account).requirements == ("account.unknown",)
        assert self.transfer(account).failure_code == "account_unknown"

    def test_a_card_is_saved_on_the_page_that_stripe_hosts(self) -> None:
        addresses = {"return_url": RETURN_URL + "?next=x", "cancel_url": RETURN_URL}
        page = self.provider.start_card_setup(
            idempotency_key=new_key(), organization_id="org_1", email="alice@example.com", **addresses
        )
        reference = page.rpartition("/")[2]
        assert self.provider.find_card_setup(reference=reference) is None, "nothing is typed yet"
        bank = answer_page(page, card="authenticationRequiredOnSetup")
        back = requests.get(answer_page(bank, do="confirm"), allow_redirects=False, timeout=10)
        assert back.headers["Location"] == f"{RETURN_URL}?next=x&session={reference}"
        saved = self.provider.find_card_setup(reference=reference)
        assert saved is not None
        assert (saved.organization_id, saved.card.last4) == ("org_1", "3155")
        assert self.charge(token=saved.card.token, off_session=True).succeeded, "it was confirmed when it was saved"
        again = self.provider.start_card_setup(
            idempotency_key=new_key(), organization_id="org_1", email="alice@example.com", **addresses
        )
        answer_page(again, card="visa")
        second = self.provider.find_card_setup(reference=again.rpartition("/")[2])
        assert second is not None
        assert second.card.token.partition("/")[0] == saved.card.token.partition("/")[0], "one customer each"
        assert self.provider.find_card_setup(reference="cs_test_unknown") is None
