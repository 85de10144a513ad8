"""Payments, refunds and disputes at Stripe, told by its events in every way that events come, beside real dj-stripe."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import transaction
from django.test import Client

from apps.core import clock
from apps.payments import events, outcomes, services
from apps.payments.enums import PaymentStatus, RefundStatus
from apps.payments.errors import ProviderUnavailable
from apps.payments.models import Dispute, Payment, PaymentMethod, ProviderEvent, Refund
from apps.payments.providers import provider_named
from tests.factories.accounts import OrganizationFactory
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.fakes.stripe.delivery import signature
from tests.payments.stripe_world import answer_page, beside_stripe, saved_card
from tests.stripe_tables import stripe_tables
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = configured.STRIPE_WEBHOOK_SECRETS[0]
Event = dict[str, Any]


@pytest.fixture(scope="module")
def tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), stripe_tables():
        yield


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any, tables: None) -> Iterator[FakeStripe]:
    with beside_stripe(monkeypatch, settings) as server:
        yield server


class Told:
    """What the apps above were told: a line for each time."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.payments: list[tuple[str, str]] = []
        self.refunds: list[tuple[str, str]] = []
        self.disputes: list[tuple[str, str]] = []
        patch.setattr(outcomes, "_handlers", [lambda it: self.payments.append((it.public_id, it.status))])
        patch.setattr(outcomes, "_refund_handlers", [lambda it: self.refunds.append((it.public_id, it.status))])
        patch.setattr(outcomes, "_dispute_handlers", [lambda it: self.disputes.append((it.public_id, it.status))])


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def claim(card: str = "visa", amount: int = 2900) -> Payment:
    method = PaymentMethod.objects.create(
        organization=OrganizationFactory(),
        provider="stripe",
        token=saved_card(card),
        brand="visa",
        last4="4242",
        exp_month=12,
        exp_year=2034,
    )
    return services.claim_payment(method=method, amount=amount, currency="USD", reference=f"inv_{random.random()}")


@transaction.atomic
def claim_refund(payment: Payment, amount: int) -> Refund:
    return services.claim_refund(payment=payment, amount=amount, reference=f"cn_{random.random()}", reason="asked for")


def at_stripe(fake: FakeStripe, kind: str) -> list[dict[str, Any]]:
    return [item for item in fake.world.books[PLATFORM].values() if item["object"] == kind]


def events_of(fake: FakeStripe, *kinds: str) -> list[Event]:
    return [event for event in at_stripe(fake, "event") if any(event["type"].startswith(kind) for kind in kinds)]


def deliver(event: Event) -> int:
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": signature(body, [SECRET], int(time.time()))}
    answer = Client().post("/api/stripe/webhook", body, content_type="application/json", headers=headers)
    return answer.status_code


def all_processed() -> bool:
    """Whether nothing waits; what failed is tried again as soon as it may."""
    for _ in range(5):
        ProviderEvent.objects.filter(processed_at=None).update(next_attempt_at=clock.now())
        services.process_events()
        if not ProviderEvent.objects.filter(processed_at=None).exists():
            return True
    return False


# --- Lost answers -----------------------------------------------------------------------------------
def test_twenty_five_lost_answers_charge_refund_and_transfer_once(fake: FakeStripe, told: Told) -> None:
    """The row and its key are there before Stripe is asked, and the key is the same when it is asked again."""
    payments = [claim() for _ in range(15)]
    for payment in payments:
        fake.control("faults", kind="drop", path="/v1/payment_intents")
        assert services.collect_payment(payment=payment).status == PaymentStatus.PROCESSING
        assert services.collect_payment(payment=payment).status == PaymentStatus.SUCCEEDED
    assert len(at_stripe(fake, "charge")) == 15
    refunds = [claim_refund(payment, 900) for payment in payments[:5]]
    for refund in refunds:
        fake.control("faults", kind="drop", path="/v1/refunds")
        assert services.make_refund(refund=refund).status == RefundStatus.PROCESSING
        assert services.make_refund(refund=refund).status == RefundStatus.SUCCEEDED
    assert [refund["amount"] for refund in at_stripe(fake, "refund")] == [900] * 5
    provider = provider_named("stripe")
    account = provider.create_account(idempotency_key="a", organization_id="org_1", email="b@x.com", country="DE")
    fake.control("account", account, do="complete")
    for number in range(5):
        sent = {"idempotency_key": f"po_{number}", "destination": account, "currency": "USD", "description": "po"}
        fake.control("faults", kind="drop", path="/v1/transfers")
        with pytest.raises(ProviderUnavailable):
            provider.transfer(amount=100, **sent)
        assert provider.transfer(amount=100, **sent).succeeded
    assert [transfer["amount"] for transfer in at_stripe(fake, "transfer")] == [100] * 5
    asked = [each for each in fake.server.requests if each.method == "POST" and each.status == 200]
    ours = {each.idempotency_key for each in asked if each.path in ("/v1/payment_intents", "/v1/refunds")}
    rows = {*payments, *refunds}
    assert ours == {row.idempotency_key for row in rows}
    assert all(each.idempotency_key for each in asked)
    assert sorted(told.payments) == sorted((payment.public_id, "succeeded") for payment in payments)
    assert len(told.refunds) == 5


# --- Events in every order --------------------------------------------------------------------------
Order = Callable[[list[Event]], list[Event]]
ORDERS: dict[str, Order] = {
    "reversed": lambda events: events[::-1],
    "all again": lambda events: [*events, *events],
    "interleaved": lambda events: [*events[1::2], *events[::2], *events[1::2]],
}


@pytest.mark.parametrize(("order", "outcome"), [("reversed", "won"), ("all again", "lost"), ("interleaved", "won")])
def test_events_lead_to_one_state_in_any_order(fake: FakeStripe, told: Told, order: str, outcome: str) -> None:
    from djstripe import models as mirrored

    payment, declined = claim(), claim("chargeCustomerFail")
    for each in (payment, declined):
        fake.control("faults", kind="drop", path="/v1/payment_intents")
        services.collect_payment(payment=each)
    charge = at_stripe(fake, "charge")[0]
    dispute = fake.control("dispute", charge["id"], amount=1000)
    fake.control("close_dispute", dispute["id"], outcome=outcome)

    for event in ORDERS[order](events_of(fake, "payment_intent", "charge")):
        assert deliver(event) == 200
    assert all_processed(), [event.error for event in ProviderEvent.objects.all()]

    payment.refresh_from_db()
    declined.refresh_from_db()
    assert (payment.status, payment.provider_reference) == ("succeeded", charge["payment_intent"])
    assert (declined.status, declined.decline_code) == ("failed", "card_declined")
    assert sorted(told.payments) == sorted([(payment.public_id, "succeeded"), (declined.public_id, "failed")])
    recorded = Dispute.objects.get()
    assert (recorded.payment, recorded.amount, recorded.fee_amount) == (payment, 1000, 1500)
    assert told.disputes == [(recorded.public_id, "needs_response"), (recorded.public_id, outcome)]
    assert mirrored.Charge.objects.count() == 2
    assert mirrored.Dispute.objects.get().stripe_data["status"] == outcome
    assert mirrored.Event.objects.count() == ProviderEvent.objects.count()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_every_order_of_what_is_told_of_a_dispute(
    fake: FakeStripe, told: Told, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_mirrors", {})
    payment = services.collect_payment(payment=claim(amount=99_000))
    dispute = fake.control("dispute", payment.provider_reference, amount=1000)
    fake.control("close_dispute", dispute["id"], outcome=outcome)
    for number, order in enumerate(itertools.permutations(events_of(fake, "charge.dispute"))):
        for event in order:
            # Another dispute each time, so that each order meets a clean table.
            text = (
                json.dumps(event).replace(dispute["id"], f"du_{number}").replace(event["id"], f"{event['id']}-{number}")
            )
            assert services.take_event(event=json.loads(text))
    assert all_processed()
    found = Dispute.objects.all()
    assert {(each.status, each.amount, each.fee_amount) for each in found} == {(outcome, 1000, 1500)}
    assert len(told.disputes) == 2 * len(found) == 2 * (number + 1)


def test_refunds_are_told_by_events_too(fake: FakeStripe, told: Told) -> None:
    from djstripe import models as mirrored

    payment = services.collect_payment(payment=claim())
    refund = claim_refund(payment, 1000)
    fake.control("faults", kind="drop", path="/v1/refunds")
    services.make_refund(refund=refund)
    for event in events_of(fake, "refund", "charge.refunded")[::-1] * 2:
        assert deliver(event) == 200
    assert all_processed()
    refund.refresh_from_db()
    assert (refund.status, told.refunds) == ("succeeded", [(refund.public_id, "succeeded")])
    assert mirrored.Refund.objects.count() == 1


def test_the_same_event_five_times_at_once(fake: FakeStripe, told: Told) -> None:
    payment = claim()
    fake.control("faults", kind="drop", path="/v1/payment_intents")
    services.collect_payment(payment=payment)
    dispute = fake.control("dispute", at_stripe(fake, "charge")[0]["id"])
    for event in events_of(fake, "payment_intent", "charge"):
        assert at_once(*[partial(deliver, event)] * 5) == [200] * 5
    assert all_processed()
    assert told.payments == [(payment.public_id, "succeeded")]
    assert [status for _, status in told.disputes] == ["needs_response"]
    assert Dispute.objects.get().provider_reference == dispute["id"]


def test_a_cardholder_confirms_and_the_event_tells(fake: FakeStripe, told: Told) -> None:
    payment = services.collect_payment(payment=claim("authenticationRequired"))
    assert payment.status == PaymentStatus.REQUIRES_ACTION
    answer_page(payment.action_url, do="confirm")
    for event in events_of(fake, "payment_intent"):
        assert deliver(event) == 200
    assert all_processed()
    assert told.payments == [(payment.public_id, "succeeded")]


def test_a_mirror_that_fails_does_not_hold_up_what_is_ours(
    fake: FakeStripe, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from djstripe.models import Event as Mirrored

    payment = claim()
    fake.control("faults", kind="drop", path="/v1/payment_intents")
    services.collect_payment(payment=payment)
    with monkeypatch.context() as patch:
        patch.setattr(Mirrored, "process", lambda *args, **kwargs: 1 / 0)
        for event in events_of(fake, "payment_intent"):
            assert deliver(event) == 200
    assert told.payments == [(payment.public_id, "succeeded")]
    assert set(ProviderEvent.objects.values_list("processed_at", flat=True)) == {None}
    assert all_processed()
    assert Mirrored.objects.count() == ProviderEvent.objects.count() > 0


def test_stripe_sends_them_itself(
    monkeypatch: pytest.MonkeyPatch, settings: Any, live_server: Any, tables: None
) -> None:
    """The whole way: Stripe's server sends a signed event to ours, and a payment that was in doubt is paid."""
    options = {"webhook_url": f"{live_server.url}/api/stripe/webhook", "webhook_secrets": (SECRET,)}
    with beside_stripe(monkeypatch, settings, **options) as fake:
        payment = claim()
        fake.control("webhooks", duplicates=1)
        fake.control("faults", kind="drop", path="/v1/payment_intents")
        services.collect_payment(payment=payment)
        fake.wait_delivered()
        assert all_processed()
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.SUCCEEDED


@pytest.mark.long
def test_a_thousand_deliveries_at_once_wait_for_nobody(fake: FakeStripe, told: Told) -> None:
    payments = [claim() for _ in range(20)]
    for payment in payments:
        fake.control("faults", kind="drop", path="/v1/payment_intents")
        services.collect_payment(payment=payment)
    for charge in at_stripe(fake, "charge"):
        fake.control("close_dispute", fake.control("dispute", charge["id"])["id"], outcome="won")
    events = events_of(fake, "payment_intent", "charge")
    waiting = list(itertools.islice(itertools.cycle(random.sample(events, len(events))), 1000))
    assert at_once(*[lambda: [deliver(waiting.pop()) for _ in range(50)]] * 20) == [[200] * 50] * 20
    assert all_processed()
    assert not ProviderEvent.objects.filter(error__icontains="deadlock").exists()
    assert len(told.payments) == 20
    assert len(told.disputes) == 40
