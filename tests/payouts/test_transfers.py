"""Payouts through the provider: sent once, held where they cannot arrive, and taken back where a creator owes."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict
from apps.payments.enums import SandboxConduct
from apps.payments.errors import ProviderUnavailable
from apps.payments.models import ProviderEvent, SandboxAccount, SandboxMovement
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payouts import services
from apps.payouts.details import AccountDetails
from apps.payouts.enums import PayoutStatus, RecoveryStatus
from apps.payouts.errors import AccountNotReady, PayoutMoved
from apps.payouts.models import Payout, PayoutAccount, Recovery, WriteOff
from apps.payouts.services.events import handle_account, handle_reversal
from tests.factories.actors import make_actor
from tests.payouts.world import DAY, amount_on, earn, of, staff

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS = AccountDetails(
    method="provider", legal_name="Northwind Ltd", address="1 Harbour Road", country="DE", currency="USD"
)


@pytest.fixture
def owner() -> Any:
    return make_actor()


@pytest.fixture
def paid_to(owner: Any) -> PayoutAccount:
    """Onboarded with the sandbox, with 80.00 that can be paid out."""
    account = services.save_account(actor=owner, details=DETAILS)
    assert account.status == "incomplete"
    url = services.start_onboarding(actor=owner, return_url="https://x.test/back", refresh_url="https://x.test/again")
    account.refresh_from_db()
    assert account.provider_account in url
    # The page can be opened again: there is one account.
    assert services.start_onboarding(actor=owner, return_url="https://x.test/back", refresh_url="/") == url
    assert services.refresh_account(account=account).status == "incomplete"
    conduct(account, SandboxConduct.TAKES)
    assert services.refresh_accounts() == 1
    earn(account.organization, 8000)
    account.refresh_from_db()
    return account


def conduct(account: PayoutAccount, conduct: SandboxConduct) -> None:
    SandboxAccount.objects.filter(reference=account.provider_account).update(conduct=conduct, details_submitted=True)


def ask(owner: Any, amount: int = 5000) -> Payout:
    """A payout as it is after the task that runs with its commit."""
    payout = services.request_payout(actor=owner, currency="USD", amount=amount)
    return Payout.objects.get(pk=payout.pk)


def told(handler: Any, **event: Any) -> None:
    with transaction.atomic():
        handler(ProviderEvent(provider="sandbox", **event))


def test_a_transfer_is_made_once_however_often_it_is_asked_for(
    owner: Any, paid_to: PayoutAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = SandboxProvider.transfer

    def cut_off(*args: Any, **kwargs: Any) -> Any:
        transfer(*args, **kwargs)
        raise ProviderUnavailable

    monkeypatch.setattr(SandboxProvider, "transfer", cut_off)
    payout = ask(owner)
    assert payout.status == PayoutStatus.SENDING
    with pytest.raises(PayoutMoved):
        services.cancel_payout(actor=owner, payout=payout)
    monkeypatch.undo()
    Payout.objects.filter(pk=payout.pk).update(sent_at=clock.now() - dt.timedelta(minutes=1))
    assert services.send_due_payouts() == 1
    payout = services.send_payout(payout=payout)
    assert (payout.status, payout.reference) == (PayoutStatus.PAID, SandboxMovement.objects.get().reference)
    assert (amount_on("payouts_in_transit"), amount_on("provider_cash"), of(paid_to).total_amount) == (0, 3000, 3000)
    # Reversed by the provider, told twice: back once.
    for _ in range(2):
        told(handle_reversal, payload={"data": {"object": {"id": payout.reference, "reversed": True}}})
    assert (of(paid_to).available_amount, amount_on("provider_cash")) == (8000, 8000)
    told(handle_reversal, payload={})


def test_what_cannot_arrive_is_held_and_what_fails_goes_back(owner: Any, paid_to: PayoutAccount) -> None:
    conduct(paid_to, SandboxConduct.RESTRICTED)
    payout = ask(owner)
    assert (payout.status, payout.failure_code) == (PayoutStatus.HELD, "account_restricted")
    assert (of(paid_to).total_amount, amount_on("payouts_in_transit")) == (3000, -5000)
    told(handle_account, account=paid_to.provider_account, payload={})
    paid_to.refresh_from_db()
    assert (paid_to.status, paid_to.requirements) == ("restricted", ["individual.verification.document"])
    with pytest.raises(AccountNotReady):
        ask(owner, 1000)
    Payout.objects.filter(pk=payout.pk).update(sent_at=clock.now() - DAY)
    assert services.send_due_payouts() == 0
    conduct(paid_to, SandboxConduct.TAKES)
    services.refresh_accounts()
    services.send_due_payouts()
    payout.refresh_from_db()
    assert (payout.status, amount_on("payouts_in_transit")) == (PayoutStatus.PAID, 0)
    # Under another key: the refusal of the first one stands.
    assert SandboxMovement.objects.filter(subject=paid_to.provider_account).count() == 2
    conduct(paid_to, SandboxConduct.FAILS)
    failed = ask(owner, 3000)
    assert (failed.status, failed.failure_code) == (PayoutStatus.FAILED, "transfer_failed")
    assert of(paid_to).available_amount == 3000
    # Deauthorised: the provider does not know it any more.
    SandboxAccount.objects.filter(reference=paid_to.provider_account).delete()
    held = ask(owner, 3000)
    assert (held.status, held.failure_code) == (PayoutStatus.HELD, "account_unknown")
    services.refresh_accounts()
    assert services.cancel_payout(actor=owner, payout=held).status == PayoutStatus.CANCELED
    assert of(paid_to).available_amount == 3000
    with pytest.raises(Conflict):
        services.mark_sent(staff=staff(), payout=held, reason="By hand")


def sent(owner: Any, amount: int) -> Payout:
    payout = ask(owner, amount)
    assert payout.status == PayoutStatus.PAID
    return payout


def test_a_transfer_is_taken_back_as_far_as_the_creator_owes(owner: Any, paid_to: PayoutAccount) -> None:
    boss, payout = staff(), sent(owner, 8000)
    with pytest.raises(Conflict):
        services.start_recovery(staff=boss, payout=payout, reason="Nothing is owed")
    earn(paid_to.organization, -2500, ago=0 * DAY)
    recovery = services.start_recovery(staff=boss, payout=payout, reason="Refunded")
    with pytest.raises(Conflict):
        services.start_recovery(staff=boss, payout=payout, reason="Twice")
    recovery = services.attempt_recovery(recovery=recovery)
    assert (recovery.status, recovery.amount) == (RecoveryStatus.SUCCEEDED, 2500)
    assert (of(paid_to).total_amount, amount_on("provider_cash")) == (0, 0)
    # The provider tells of it, too: it is known.
    told(handle_reversal, payload={"data": {"object": {"id": payout.reference, "reversed": True}}})
    assert of(paid_to).total_amount == 0


def test_a_refused_reversal_is_a_debt_that_is_asked_for_again(owner: Any, paid_to: PayoutAccount) -> None:
    boss, payout = staff(), sent(owner, 8000)
    earn(paid_to.organization, -2500, ago=0 * DAY)
    conduct(paid_to, SandboxConduct.SPENDS)
    recovery = services.attempt_recovery(recovery=services.start_recovery(staff=boss, payout=payout, reason="Refunded"))
    assert (recovery.status, recovery.failure_code) == (RecoveryStatus.OWED, "insufficient_balance")
    assert (of(paid_to).negative_amount, amount_on("provider_cash")) == (2500, -2500)
    due = recovery.next_attempt_at
    assert due is not None
    assert due > clock.now() + dt.timedelta(hours=23)
    assert services.retry_recoveries() == 0
    # Earnings settle a part of it first; the rest is asked for.
    earn(paid_to.organization, 1000)
    conduct(paid_to, SandboxConduct.TAKES)
    _make_due()
    assert services.retry_recoveries() == 1
    recovery.refresh_from_db()
    assert (recovery.status, recovery.amount, recovery.attempts) == (RecoveryStatus.SUCCEEDED, 1500, 2)
    assert of(paid_to).total_amount == 0


def test_a_debt_ends_with_earnings_or_as_a_loss(owner: Any, paid_to: PayoutAccount) -> None:
    boss, payout = staff(), sent(owner, 8000)
    conduct(paid_to, SandboxConduct.SPENDS)
    earn(paid_to.organization, -2500, ago=0 * DAY)
    recovery = services.attempt_recovery(recovery=services.start_recovery(staff=boss, payout=payout, reason="Refunded"))
    earn(paid_to.organization, 2500)
    _make_due()
    assert services.retry_recoveries() == 1
    recovery.refresh_from_db()
    assert recovery.status == RecoveryStatus.SETTLED
    earn(paid_to.organization, -700, ago=0 * DAY)
    again = services.attempt_recovery(recovery=services.start_recovery(staff=boss, payout=payout, reason="Refunded"))
    assert services.write_off_balances(staff=boss, account=paid_to, reason="They are gone")[0].amount == 700
    again.refresh_from_db()
    assert (again.status, again.next_attempt_at) == (RecoveryStatus.WRITTEN_OFF, None)
    assert (of(paid_to).total_amount, amount_on("platform_losses"), WriteOff.objects.count()) == (0, 700, 1)
    assert services.retry_recoveries() == 0


def _make_due() -> None:
    Recovery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=clock.now())
