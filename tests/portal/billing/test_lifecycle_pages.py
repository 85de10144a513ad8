"""The pages on which a consumer allows extra units and begins a trial, and a creator bans."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.billing.models import Checkout
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from tests.billing.world import Shop, fresh
from tests.factories.actors import make_actor
from tests.portal.support import text_of

pytestmark = pytest.mark.django_db

CARD = {"number": "4242 4242 4242 4242", "exp_month": "12", "exp_year": "2060", "cvc": "123", "name": "Ada"}


@pytest.fixture
def alice(client: Client, shop: Shop) -> Client:
    client.force_login(shop.alice.user)
    return client


def test_extra_units_are_allowed_where_one_subscribes_and_changed_on_the_page(alice: Client, shop: Shop) -> None:
    plan, organization = shop.metered(price=0), shop.alice.organization
    shop.card(is_default=True)  # a plan without a price that charges extra units needs one
    subscribe = reverse("portal:subscribe", args=[shop.product.slug, plan.slug])
    assert "Let extra units pass" in text_of(alice.get(subscribe))
    chosen = {"organization": organization.slug, "plan": plan.public_id, "overage_allowed": "on"}
    page = alice.post(subscribe, chosen | {"spend_cap_amount": "12.50"})
    assert page.status_code == 302, text_of(page)
    subscription = Subscription.objects.get()
    assert (subscription.overage_allowed, subscription.spend_cap_amount) == (True, 1250)

    manage = reverse("portal:subscription-manage", args=[organization.slug, subscription.public_id])
    change = reverse("portal:subscription-overage", args=[organization.slug, subscription.public_id])
    assert b'value="12.5' in alice.get(manage).content
    wrong = alice.post(change, {"spend_cap_amount": "5"})
    assert (wrong.status_code, "allow them, too" in text_of(wrong)) == (422, True)
    alice.post(change, {})
    assert fresh(subscription).overage_allowed is False
    without = reverse("portal:subscribe", args=[shop.product.slug, "pro"])
    assert "extra units" not in text_of(alice.get(without))


def test_a_trial_that_needs_a_card_begins_at_the_checkout(alice: Client, shop: Shop) -> None:
    Plan.objects.filter(pk=shop.pro.pk).update(trial_days=14, trial_requires_card=True)
    subscribe = reverse("portal:subscribe", args=[shop.product.slug, "pro"])
    sent = {"organization": shop.alice.organization.slug, "plan": shop.pro.public_id}
    page = alice.post(subscribe, sent, follow=True)
    text = text_of(page)
    assert "Nothing is charged today: the trial of 14 days begins with your card" in text
    assert "30.00 USD when the trial ends" in text
    checkout = Checkout.objects.get()
    pay = reverse("portal:checkout-pay", args=[shop.alice.organization.slug, checkout.public_id])
    assert alice.post(pay, CARD | {"number": "1234"}).status_code == 422
    assert alice.post(pay, CARD).status_code == 302
    assert fresh(checkout.subscription).status == "trialing"


def test_a_creator_bans_and_lifts(client: Client, shop: Shop) -> None:
    subscription = shop.buy(shop.free)
    owner = make_actor(shop.product.organization)
    client.force_login(User.objects.get(pk=owner.user.pk))
    at = [owner.organization.slug, shop.product.slug, subscription.public_id]
    client.post(reverse("portal:studio-consumer-ban", args=at), {"reason": "Scraping"})
    text = text_of(client.get(reverse("portal:studio-consumer", args=at)))
    assert "The reason given: Scraping" in text
    assert fresh(subscription).status == "canceled"
    client.force_login(shop.alice.user)
    subscribe = reverse("portal:subscribe", args=[shop.product.slug, "free"])
    refused = client.post(subscribe, {"organization": shop.alice.organization.slug, "plan": shop.free.public_id})
    assert "does not let your organization subscribe" in text_of(refused)
    client.force_login(owner.user)
    client.post(reverse("portal:studio-consumer-lift-ban", args=at))
    assert "Banned" not in text_of(client.get(reverse("portal:studio-consumer", args=at))).replace("Banned by", "")
