"""The sandbox keeps the promises of a payment provider."""

import datetime as dt

import pytest

from apps.payments.enums import SandboxAnswer, SandboxConduct
from apps.payments.models import SandboxAccount
from apps.payments.providers.base import Card, ChargeResult
from apps.payments.providers.sandbox import SandboxProvider
from tests.factories.accounts import OrganizationFactory
from tests.payments.contract import ProviderContract, new_key


@pytest.mark.django_db
class TestSandboxContract(ProviderContract):
    provider = SandboxProvider()

    @pytest.fixture
    def holder(self) -> str:
        return OrganizationFactory().public_id

    def saved_card(self, number: str) -> str:
        return self.provider.tokenize(Card(number, 12, 2060, "123"), today=dt.date(2026, 11, 22)).token

    def answer_bank(self, charge: ChargeResult, *, confirms: bool) -> None:
        answer = SandboxAnswer.CONFIRMED if confirms else SandboxAnswer.REFUSED
        self.provider.answer_confirmation(reference=charge.reference, answer=answer)

    def open_account(self, *, takes_transfers: bool = True, can_give_back: bool = True) -> str:
        account = self.provider.create_account(
            idempotency_key=new_key(), organization_id="org_1", email="a@example.com", country="DE"
        )
        conduct = SandboxConduct.TAKES if takes_transfers else SandboxConduct.FAILS
        SandboxAccount.objects.filter(reference=account).update(
            details_submitted=True, conduct=conduct if can_give_back else SandboxConduct.SPENDS
        )
        return account

    def test_a_card_that_needs_a_person_is_charged_at_once_where_one_pays(self) -> None:
        assert self.charge("4000002500003155", off_session=False).succeeded

    def test_a_restricted_account_takes_nothing_and_says_what_is_wanted(self) -> None:
        account = self.open_account()
        SandboxAccount.objects.update(conduct=SandboxConduct.RESTRICTED)
        assert self.transfer(account).failure_code == "account_restricted"
        assert self.provider.account_status(account=account).requirements == ("individual.verification.document",)
