"""Saving a card where the provider has a page of its own for it, and paying with it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization
from apps.payments import services
from apps.payments.models import PaymentMethod
from tests.factories.accounts import MembershipFactory
from tests.fakes.stripe import FakeStripe
from tests.payments.stripe_world import answer_page, beside_stripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeStripe]:
    settings.PAYMENT_PROVIDER = "stripe"
    settings.WEB_URL = "http://testserver"
    with beside_stripe(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def organization() -> Organization:
    return MembershipFactory(role="owner").organization


@pytest.fixture
def client(organization: Organization) -> Client:
    client = Client()
    client.force_login(organization.memberships.get().user)
    return client


def test_a_card_is_saved_on_the_providers_page(fake: FakeStripe, client: Client, organization: Organization) -> None:
    cards = f"/o/{organization.slug}/billing/cards/"
    page = client.get(cards)
    assert b"Continue to Stripe" in page.content
    assert b'name="number"' not in page.content, "no card is typed here"
    started = client.post(f"{cards}hosted/", {"back": cards})
    assert started.status_code == 302
    assert started["Location"].startswith(f"{fake.url}/c/pay/")

    back = answer_page(started["Location"], card="mastercard").removeprefix("http://testserver")
    for _ in range(2):
        assert client.get(back)["Location"] == cards
    method = PaymentMethod.objects.get()
    assert (method.organization, method.provider, method.last4, method.is_default) == (
        organization,
        "stripe",
        "4444",
        True,
    )
    assert "is saved" in client.get(cards).content.decode()
    told = fake.control("event", back.rpartition("session=")[2], type="checkout.session.completed")
    assert services.record_hosted_card(reference=told["data"]["object"]["id"], provider="stripe") == method
    assert PaymentMethod.objects.count() == 1, "also where Stripe tells of it besides"


def test_nobody_gets_a_card_of_another_organization(
    fake: FakeStripe, client: Client, organization: Organization
) -> None:
    started = client.post(f"/o/{organization.slug}/billing/cards/hosted/")
    back = answer_page(started["Location"], card="visa").removeprefix("http://testserver")
    other = MembershipFactory(role="owner")
    client.force_login(other.user)
    taken = back.replace(f"/o/{organization.slug}/", f"/o/{other.organization.slug}/")
    assert "No card was saved." in client.get(taken, follow=True).content.decode()
    assert not PaymentMethod.objects.filter(organization=other.organization).exists()


def test_without_an_answer_nothing_is_lost(fake: FakeStripe, client: Client, organization: Organization) -> None:
    cards = f"/o/{organization.slug}/billing/cards/"
    fake.control("faults", kind="unavailable", path=".*", method="*", times=2)
    assert client.post(f"{cards}hosted/", {"back": cards})["Location"] == cards
    assert "does not answer" in client.get(cards).content.decode()
    assert client.get(f"{cards}saved/?session=cs_test_x&back=https://evil.example/")["Location"] == cards


def test_a_card_is_not_typed_here(fake: FakeStripe, client: Client, organization: Organization) -> None:
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2060", "cvc": "123"}
    answer = client.post(f"/o/{organization.slug}/billing/cards/add/", card)
    assert answer.status_code == 422
    assert not PaymentMethod.objects.exists()


def test_where_cards_are_typed_here_there_is_no_such_page(client: Client, organization: Organization) -> None:
    cards = f"/o/{organization.slug}/billing/cards/"
    assert b'name="number"' in client.get(cards).content
    assert client.get(f"{cards}saved/?session=cs_test_x")["Location"] == cards
    assert client.post(f"{cards}hosted/").status_code == 409
