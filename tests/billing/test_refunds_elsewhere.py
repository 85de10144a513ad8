"""What happens to a payment at Stripe, and not by way of this product: refunds, and refunds that come back."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from apps.billing import services
from apps.billing.enums import CreditReason
from apps.billing.models import CreditNote, Invoice
from apps.billing.services.refunding import take_back
from apps.core import clock
from apps.ledger.checks import list_faults
from apps.payments import events
from apps.payments import services as payments
from apps.payments.models import Dispute, Payment, ProviderEvent, Refund
from apps.payments.providers.stripe.client import client
from apps.payouts.services import reconcile
from tests.billing.world import Shop
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.payments.stripe_world import answer_page, beside_stripe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeStripe]:
    settings.PAYMENT_PROVIDER = "stripe"
    monkeypatch.setattr(events, "_mirrors", {})
    with beside_stripe(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def shop(fake: FakeStripe) -> Shop:
    """A sale of 10.00, paid at Stripe."""
    shop = Shop()
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic)
    payment = services.pay_checkout(actor=shop.alice, checkout=checkout, method=None)
    assert payment is not None
    answer_page(payment.action_url, card="visa")
    assert payments.collect_payment(payment=payment).status == "succeeded"
    return shop


def deliver(fake: FakeStripe, *kinds: str) -> list[ProviderEvent]:
    """All events of these kinds, the last first and each twice; what is not processed is tried again."""
    told = [each for each in fake.world.of_kind(PLATFORM, "event") if each["type"].startswith(kinds)]
    for event in told * 2:
        payments.take_event(event=event)
    for _ in range(3):
        ProviderEvent.objects.filter(processed_at=None).update(next_attempt_at=clock.now())
        payments.process_events()
    return list(ProviderEvent.objects.filter(event_id__in=[event["id"] for event in told]))


def refund_at_stripe(amount: int) -> str:
    return client().v1.refunds.create({"payment_intent": Payment.objects.get().provider_reference, "amount": amount}).id


def faults_of_today() -> list[str]:
    run = reconcile(since=clock.now() - dt.timedelta(hours=1), until=clock.now() + dt.timedelta(hours=1))
    return [str(each) for each in [*run.faults.all(), *list_faults()]]


def test_a_refund_made_at_stripe_is_booked_once_with_its_credit_note(fake: FakeStripe, shop: Shop) -> None:
    made = refund_at_stripe(400)
    assert all(event.processed_at for event in deliver(fake, "refund", "charge.refund"))
    refund = Refund.objects.get()
    assert (refund.status, refund.amount, refund.provider_reference) == ("succeeded", 400, made)
    [note] = CreditNote.objects.all()
    assert (note.reason, note.total_amount, Invoice.objects.get().credited_amount) == ("at_provider", 400, 400)
    assert shop.balances()["cash"] + shop.balances().get("fees", 0) == 600
    assert faults_of_today() == []


def test_a_refund_that_comes_back_undoes_its_booking_once(fake: FakeStripe, shop: Shop) -> None:
    before = shop.balances()
    invoice = Invoice.objects.get()
    note = take_back(invoice=invoice, reason=CreditReason.GOODWILL, amount=1000)
    refund = Refund.objects.get()
    assert refund.status == "succeeded"
    fake.control("fail_refund", refund.provider_reference)
    deliver(fake, "refund", "charge.refund")
    refund.refresh_from_db()
    assert (refund.status, refund.failure_code) == ("failed", "expired_or_canceled_card")
    assert refund.returned_at is not None
    assert shop.balances() == before
    assert faults_of_today() == []
    assert CreditNote.objects.get() == note, "it is still owed: staff may ask for it again"


def test_what_is_not_ours_is_done_with_and_says_so(fake: FakeStripe, shop: Shop) -> None:
    foreign = client().v1.payment_intents.create(
        {"amount": 700, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "return_url": "http://x/"}
    )
    client().v1.refunds.create({"payment_intent": foreign.id, "amount": 50})
    fake.control("dispute", foreign.id, amount=100)
    told = deliver(fake, "charge.dispute", "refund.created")
    assert {(event.processed_at is not None, "no payment of this installation" in event.error) for event in told} == {
        (True, True)
    }
    assert not Refund.objects.exists()
    assert not Dispute.objects.exists()


def test_what_may_be_ours_is_tried_again(fake: FakeStripe, shop: Shop) -> None:
    """A charge whose answer was lost is disputed before we know of it."""
    invoice = Invoice.objects.get()
    payment = payments.claim_payment(
        method=Payment.objects.get().method, amount=500, currency="USD", reference=f"{invoice.public_id}-x"
    )
    fake.control("faults", kind="drop", path="/v1/payment_intents")
    assert payments.collect_payment(payment=payment).status == "processing"
    intent = next(each for each in fake.world.of_kind(PLATFORM, "payment_intent") if each["amount"] == 500)
    fake.control("dispute", intent["id"])
    [event] = deliver(fake, "charge.dispute.created")
    assert event.processed_at is None
    assert payments.collect_payment(payment=payment).status == "succeeded"
    [event] = deliver(fake, "charge.dispute.created")
    assert event.processed_at is not None
    assert Dispute.objects.get().payment == payment
