"""Payouts by transfers at Stripe: what is refused waits, what comes back is back once, what is owed is taken back."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.core import clock
from apps.payments import events
from apps.payments import services as payments
from apps.payments.providers.stripe.client import client
from apps.payouts import services
from apps.payouts.models import Payout, PayoutAccount, Recovery
from apps.payouts.services import sending
from tests.factories.actors import make_actor
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.payments.stripe_world import answer_page, beside_stripe
from tests.payouts.test_transfers import DETAILS
from tests.payouts.world import DAY, amount_on, earn, of, staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeStripe]:
    settings.PAYMENT_PROVIDER = "stripe"
    monkeypatch.setattr(events, "_mirrors", {})
    with beside_stripe(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def owner() -> Actor:
    return make_actor()


@pytest.fixture
def account(fake: FakeStripe, owner: Actor) -> PayoutAccount:
    """Onboarded at Stripe, with 80.00 that can be paid out."""
    account = services.save_account(actor=owner, details=DETAILS)
    page = services.start_onboarding(actor=owner, return_url="https://x.test/back", refresh_url="https://x.test/again")
    answer_page(page, do="complete")
    account.refresh_from_db()
    assert services.refresh_account(account=account).status == "active"
    earn(account.organization, 8000)
    return PayoutAccount.objects.get(pk=account.pk)


def fund(amount: int = 50_000) -> None:
    """The platform's balance at Stripe."""
    charge = {"currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "return_url": "http://x/"}
    client().v1.payment_intents.create({"amount": amount, **charge})  # type: ignore[typeddict-item]


def ask(owner: Actor, amount: int = 5000) -> Payout:
    """A payout as it is after the task that runs with its commit."""
    return Payout.objects.get(pk=services.request_payout(actor=owner, currency="USD", amount=amount).pk)


def deliver(fake: FakeStripe, kind: str) -> None:
    """Every event of this kind, twice."""
    for event in [each for each in fake.world.of_kind(PLATFORM, "event") if each["type"] == kind] * 2:
        payments.take_event(event=event)
    payments.process_events()


def faults_of_transfers() -> list[tuple[str, str]]:
    """Named by the reconciliation; the sales of this file were never paid at Stripe."""
    run = services.reconcile(since=clock.now() - dt.timedelta(hours=1), until=clock.now() + dt.timedelta(hours=1))
    charges = {each.id for each in client().v1.balance_transactions.list({"type": "charge"}).data}
    return [(fault.kind, fault.source) for fault in run.faults.all() if fault.transaction not in charges]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("restrict", "account_restricted"),
        ("deauthorize", "account_unknown"),
        ("no funds", "insufficient_balance"),
    ],
)
def test_what_stripe_refuses_waits_and_is_not_lost(
    fake: FakeStripe, owner: Actor, account: PayoutAccount, trouble: str, code: str
) -> None:
    if trouble != "no funds":
        fund()
        fake.control("account", account.provider_account, do=trouble)
    payout = ask(owner)
    assert (payout.status, payout.failure_code) == ("held", code)
    assert (of(account).total_amount, amount_on("payouts_in_transit")) == (3000, -5000)
    if trouble == "deauthorize":
        assert services.cancel_payout(actor=owner, payout=payout).status == "canceled"
        assert of(account).total_amount == 8000
        return
    fund()
    fake.control("account", account.provider_account, do="complete")
    deliver(fake, "account.updated")
    Payout.objects.update(sent_at=clock.now() - sending.RETRY_HELD_AFTER - DAY)
    services.send_due_payouts()
    payout.refresh_from_db()
    assert (payout.status, amount_on("payouts_in_transit")) == ("paid", 0)
    assert [each["amount"] for each in fake.world.of_kind(PLATFORM, "transfer")] == [5000]
    assert faults_of_transfers() == []


def test_a_transfer_that_is_reversed_in_the_dashboard_is_back_once(
    fake: FakeStripe, owner: Actor, account: PayoutAccount
) -> None:
    fund()
    payout = ask(owner)
    client().v1.transfers.reversals.create(payout.reference, {"amount": 2000})
    deliver(fake, "transfer.reversed")
    payout.refresh_from_db()
    assert payout.status == "paid", "a part is no end of a payout"
    assert [kind for kind, _source in faults_of_transfers()] == ["extra"], "staff are told"
    client().v1.transfers.reversals.create(payout.reference)
    deliver(fake, "transfer.reversed")
    payout.refresh_from_db()
    assert (payout.status, payout.failure_code) == ("reversed", "transfer_reversed")
    assert of(account).total_amount == 8000


def test_a_whole_reversal_leaves_nothing_to_reconcile(fake: FakeStripe, owner: Actor, account: PayoutAccount) -> None:
    fund()
    client().v1.transfers.reversals.create(ask(owner).reference)
    deliver(fake, "transfer.reversed")
    assert of(account).total_amount == 8000
    assert faults_of_transfers() == []


def test_what_a_creator_owes_is_taken_back_when_it_is_there(
    fake: FakeStripe, owner: Actor, account: PayoutAccount
) -> None:
    fund()
    boss = staff()
    fake.control("account", account.provider_account, do="pay_out")
    payout = ask(owner, 8000)
    earn(account.organization, -2500, ago=0 * DAY)
    recovery = services.start_recovery(staff=boss, payout=payout, reason="Refunded")
    recovery.refresh_from_db()
    assert (recovery.status, recovery.failure_code) == ("owed", "insufficient_balance")
    # Other earnings of theirs have reached the account.
    client().v1.transfers.create({"amount": 9000, "currency": "usd", "destination": account.provider_account})
    fake.world.private.pop(f"pays_out:{account.provider_account}")
    client().v1.transfers.create({"amount": 9000, "currency": "usd", "destination": account.provider_account})
    Recovery.objects.update(next_attempt_at=clock.now())
    assert services.retry_recoveries() == 1
    recovery.refresh_from_db()
    assert (recovery.status, recovery.reference[:4]) == ("succeeded", "trr_")
    deliver(fake, "transfer.reversed")
    payout.refresh_from_db()
    assert (payout.status, of(account).total_amount, amount_on("provider_cash")) == ("paid", 0, 0)
