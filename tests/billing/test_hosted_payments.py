"""Payments whose card is typed on the provider's page: charged once, whatever becomes of that page."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.billing import services
from apps.billing.errors import InvoiceNotOpen
from apps.billing.models import Checkout
from apps.core.errors import Conflict, Invalid
from apps.payments import services as payments
from apps.payments.errors import CardNeeded, PaymentPending, PaymentWaits
from apps.payments.models import Payment, PaymentMethod, ProviderEvent
from apps.payments.services import stripe
from apps.payments.services.charging import PAGE_TIME, PATIENCE
from apps.subscriptions.models import Subscription
from tests.api.world import api_of
from tests.billing.world import Shop, move_clock
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.payments.stripe_world import answer_page, beside_stripe
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeStripe]:
    settings.PAYMENT_PROVIDER = "stripe"
    settings.WEB_URL = "http://testserver"
    with beside_stripe(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def shop(fake: FakeStripe) -> Shop:
    return Shop()


def begin(shop: Shop) -> Checkout:
    return services.start_checkout(actor=shop.alice, plan=shop.basic)


def pay(shop: Shop, checkout: Checkout, method: PaymentMethod | None = None) -> Payment:
    payment = services.pay_checkout(actor=shop.alice, checkout=checkout, method=method)
    assert payment is not None
    return payment


def charged(fake: FakeStripe) -> list[int]:
    """What Stripe has really taken."""
    return [each["amount"] for each in fake.world.of_kind(PLATFORM, "charge") if each["paid"]]


def status(checkout: Checkout) -> str:
    return Subscription.objects.get(pk=checkout.subscription_id).status


def tell(fake: FakeStripe, kind: str) -> None:
    """Our handler gets the newest event of this kind."""
    event = next(each for each in fake.world.of_kind(PLATFORM, "event") if each["type"] == kind)
    handle = stripe.handle_session if kind.startswith("checkout") else stripe.handle_payment
    handle(ProviderEvent(provider="stripe", kind=kind, payload=event))


def test_nobody_comes_back_from_the_page_and_stripe_is_asked(fake: FakeStripe, shop: Shop) -> None:
    checkout = begin(shop)
    payment = pay(shop, checkout)
    assert (payment.status, payment.method, status(checkout)) == ("requires_action", None, "incomplete")
    assert pay(shop, checkout).action_url == payment.action_url, "the same page, however often it is asked for"
    bank = answer_page(payment.action_url, card="authenticationRequired")
    assert pay(shop, checkout).status == "requires_action", "the bank waits for its cardholder"
    answer_page(bank, do="confirm")

    move_clock(payment.created_at + 2 * PATIENCE)
    assert payments.settle_payments() == 1
    payment.refresh_from_db()
    card = PaymentMethod.objects.get()
    assert (payment.status, payment.method, status(checkout)) == ("succeeded", card, "active")
    assert payment.provider_reference.startswith("pi_"), "by which refunds and disputes name it"
    assert (card.last4, card.is_default, card.organization) == ("3184", True, shop.alice.organization)
    assert charged(fake) == [1000]
    with pytest.raises(InvoiceNotOpen):
        pay(shop, checkout)


@pytest.mark.parametrize("kind", ["checkout.session.completed", "payment_intent.succeeded"])
def test_stripe_tells_that_it_is_paid(fake: FakeStripe, shop: Shop, kind: str) -> None:
    checkout = begin(shop)
    page = pay(shop, checkout).action_url
    with pytest.raises(AssertionError, match="declined"):
        answer_page(page, card="chargeDeclined")
    tell(fake, "payment_intent.payment_failed")
    assert Payment.objects.get().status == "requires_action", "another card may be typed there"
    answer_page(page, card="visa")
    for _ in range(2):
        tell(fake, kind)
    assert (Payment.objects.get().status, status(checkout), charged(fake)) == ("succeeded", "active", [1000])
    assert PaymentMethod.objects.count() == 1


def test_a_page_that_is_left_is_closed_and_paying_goes_on(fake: FakeStripe, shop: Shop) -> None:
    checkout = begin(shop)
    first = pay(shop, checkout)
    with pytest.raises(PaymentWaits):
        services.start_checkout(actor=shop.alice, plan=shop.pro)
    move_clock(first.created_at + PAGE_TIME)
    assert payments.settle_payments() == 1
    tell(fake, "checkout.session.expired")
    first.refresh_from_db()
    assert (first.status, first.decline_code, status(checkout)) == ("failed", "checkout_expired", "incomplete")

    second = pay(shop, checkout)
    answer_page(f"{fake.url}/c/pay/{first.provider_reference}", card="visa")
    assert charged(fake) == [], "the first page takes no card any more"
    answer_page(second.action_url, card="visa")
    assert payments.collect_payment(payment=second).status == "succeeded"
    assert (charged(fake), status(checkout)) == ([1000], "active")


def test_the_page_is_closed_before_a_saved_card_is_charged(fake: FakeStripe, shop: Shop) -> None:
    checkout = begin(shop)
    page = pay(shop, checkout).action_url
    saving = payments.start_hosted_card(actor=shop.alice, return_url="http://x/", cancel_url="http://x/")
    card = payments.save_hosted_card(
        actor=shop.alice, reference=answer_page(saving, card="visa").rpartition("session=")[2]
    )
    fake.control("faults", kind="unavailable", path=".*/expire", times=1)
    with pytest.raises(Conflict, match="does not answer"):
        pay(shop, checkout, card)
    assert pay(shop, checkout, card).status == "succeeded"
    answer_page(page, card="visa")
    assert charged(fake) == [1000]

    other = services.start_plan_change(actor=shop.alice, subscription=checkout.subscription, plan=shop.pro)
    page = pay(shop, other).action_url
    answer_page(page, card="visa")
    with pytest.raises(InvoiceNotOpen):
        pay(shop, other, card)
    assert Payment.objects.filter(status="succeeded").count() == len(charged(fake)) == 2, "it had been paid there"


@pytest.mark.parametrize("kind", ["drop", "drop_before", "error_after", "unavailable"])
def test_an_answer_that_was_lost_leaves_one_page(fake: FakeStripe, shop: Shop, kind: str) -> None:
    checkout = begin(shop)
    fake.control("faults", kind=kind, path="/v1/checkout/sessions")
    with pytest.raises(PaymentPending):
        pay(shop, checkout)
    [waiting] = Payment.objects.all()
    page = payments.collect_payment(payment=waiting).action_url
    assert len(list(fake.world.of_kind(PLATFORM, "checkout.session"))) == 1
    answer_page(page, card="visa")
    outcomes = at_once(*[lambda: payments.collect_payment(payment=waiting).status for _ in range(3)])
    assert (outcomes, charged(fake), PaymentMethod.objects.count()) == (["succeeded"] * 3, [1000], 1)


def test_by_rest_and_on_the_page(fake: FakeStripe, shop: Shop) -> None:
    api = api_of(shop.alice)
    bought = api.post("/subscriptions", {"plan": shop.basic.public_id}).data
    checkout = bought["checkout"]
    assert checkout["next_action"] == "pay"
    paid = api.post(f"/checkouts/{checkout['id']}/pay", {}).data
    assert (paid["status"], paid["method"]) == ("requires_action", None)
    hosted = api.post("/payment-methods/hosted", {}).data
    answer_page(hosted["action_url"], card="mastercard")

    browser = Client()
    browser.force_login(shop.alice.user)
    address = f"/o/{shop.alice.organization.slug}/billing/checkouts/{checkout['id']}/"
    shown = browser.get(address).content.decode()
    assert "waits for you on the page of Stripe" in shown
    assert paid["action_url"] in shown
    given_up = browser.post(f"/o/{shop.alice.organization.slug}/billing/payments/{paid['id']}/give-up/")
    assert given_up["Location"] == address
    assert 'name="hosted"' in browser.get(address).content.decode()
    page = browser.post(f"{address}pay/", {"hosted": "1"})["Location"]
    assert page.startswith(f"{fake.url}/c/pay/")
    back = answer_page(page, card="visa").removeprefix("http://testserver")
    assert (
        browser.get(back)["Location"]
        == f"/o/{shop.alice.organization.slug}/subscriptions/{bought['subscription']['id']}/"
    )
    assert charged(fake) == [1000]


def test_what_needs_no_page(fake: FakeStripe, shop: Shop, settings: Any) -> None:
    trial = shop.plan("Trial", 1000, trial_days=14, trial_requires_card=True)
    with pytest.raises(CardNeeded):
        services.pay_checkout(
            actor=shop.alice, checkout=services.start_checkout(actor=shop.alice, plan=trial), method=None
        )
    settings.PAYMENT_PROVIDER = "sandbox"
    with pytest.raises(Invalid, match="card"):
        pay(shop, begin(Shop(alice=shop.alice)))
    assert not Payment.objects.exists()
