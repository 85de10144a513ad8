"""Subscriptions that were bought at Stripe drive ours, in every order in which its events come."""

import datetime as dt
import itertools
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.billing import services as billing
from apps.billing.models import Invoice, PlanPrice, StripeInvoice
from apps.billing.services.elsewhere import sync_stripe_subscription
from apps.core.errors import Conflict
from apps.ledger.checks import list_faults
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry
from apps.ledger.selectors import balance, find_account
from apps.notifications.models import Notice
from apps.payments import elsewhere as at_stripe
from apps.payments import events, services
from apps.payments.models import ProviderEvent, StripeCustomer
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import CollectedBy
from apps.subscriptions.errors import ManagedAtStripe
from apps.subscriptions.models import StripeSubscription, Subscription
from tests.factories.accounts import OrganizationFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.payments.stripe_world import beside_stripe
from tests.payments.test_stripe_events import all_processed, deliver, events_of, tables  # noqa: F401
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

Event = dict[str, Any]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeStripe]:
    """Without dj-stripe's copy, which one test alone looks at."""
    monkeypatch.setattr(events, "_mirrors", {})
    with beside_stripe(monkeypatch, settings) as server:
        yield server


class Seller:
    """Basic (10.00) and Pro (30.00) of a product, each with a price of Stripe's."""

    def __init__(self, fake: FakeStripe) -> None:
        self.fake = fake
        self.basic: Plan = PlanFactory(name="Basic", slug="basic", price_amount=1000)
        self.product = self.basic.product
        self.pro: Plan = PlanFactory(tier=self.basic.tier, name="Pro", slug="pro", price_amount=3000)
        for plan in (self.basic, self.pro):
            QuotaFactory(plan=plan)
        self.prices = {"basic": self.price("basic", 1000), "pro": self.price("pro", 3000)}

    def price(self, slug: str, amount: int) -> str:
        from apps.payments.providers.stripe.client import client

        made = client().v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": amount,
                "recurring": {"interval": "month"},
                "product_data": {"name": slug},
            }
        )
        PlanPrice.objects.create(product=self.product, plan_slug=slug, price=made.id, note="sold at Stripe")
        return made.id

    def buy(self, slug: str = "basic", *, buyer: Organization | None = None, **values: Any) -> Event:
        """Stripe's subscription of an organization; of a new one where none is named."""
        buyer = buyer or OrganizationFactory()
        metadata = {"organization": buyer.public_id}
        return self.fake.control(
            "subscription",
            **({"price": self.prices[slug], "email": "b@example.com", "metadata": metadata} | values),
        )

    def balances(self) -> dict[str, int]:
        kinds = {"cash": AccountKind.PROVIDER_CASH, "platform": AccountKind.PLATFORM_COMMISSION}
        found = {name: find_account(kind=kind, currency="USD") for name, kind in kinds.items()}
        found["creator"] = find_account(
            kind=AccountKind.CREATOR_PAYABLE, currency="USD", organization=self.product.organization
        )
        return {name: balance(account) if account else 0 for name, account in found.items()}


@pytest.fixture
def seller(fake: FakeStripe) -> Seller:
    return Seller(fake)


def told_of(fake: FakeStripe, reference: str, *kinds: str) -> list[Event]:
    return [event for event in events_of(fake, *kinds) if reference in str(event["data"]["object"])]


def tell(told: list[Event], times: int = 1) -> None:
    for event in told * times:
        assert services.take_event(event=event)
    assert all_processed(), [event.error for event in ProviderEvent.objects.all()]


def ours(reference: str) -> Subscription:
    return StripeSubscription.objects.get(reference=reference).subscription


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.long), 5])
def test_every_order_of_created_updated_and_deleted(seller: Seller, times: int) -> None:
    kinds = ("customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted")
    for order in itertools.permutations(kinds):
        told = seller.buy()
        cancel(told["id"])
        by_kind = {kind: told_of(seller.fake, told["id"], kind)[:1] for kind in order}
        tell([event for kind in order for event in by_kind[kind]], times)
        found = ours(told["id"])
        assert (found.status, found.collected_by, found.plan) == ("canceled", "stripe", seller.basic)
        assert StripeInvoice.objects.filter(subscription=found).count() == 1
    assert JournalEntry.objects.count() == 6
    assert seller.balances() == {"cash": 6000, "creator": -5400, "platform": -600}


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.long), 5])
def test_every_order_of_what_is_told_of_an_invoice(seller: Seller, times: int) -> None:
    for order in itertools.permutations(("invoice.created", "invoice.finalized", "invoice.paid")):
        told = seller.buy()
        tell([event for kind in order for event in told_of(seller.fake, told["id"], kind)], times)
        found = ours(told["id"])
        assert (found.status, found.plan) == ("active", seller.basic)
        booked = StripeInvoice.objects.get(subscription=found)
        assert (booked.amount, booked.currency) == (1000, "USD")
        assert JournalEntry.objects.filter(source=f"stripe_invoice.paid:{booked.reference}").count() == 1
    assert JournalEntry.objects.count() == 6
    assert seller.balances() == {"cash": 6000, "creator": -5400, "platform": -600}
    assert not list(list_faults())
    assert not Invoice.objects.exists()


def cancel(reference: str) -> None:
    from apps.payments.providers.stripe.client import client

    client().v1.subscriptions.cancel(reference)


def test_what_happens_there_happens_here(seller: Seller) -> None:
    """Bought on a page that names the organization, then a dearer plan, a payment that fails, the end."""
    buyer = make_actor().organization
    told = seller.buy(metadata={})
    tell(told_of(seller.fake, told["id"], "customer.subscription", "invoice"))
    assert not StripeSubscription.objects.exists()  # nobody knows whose it is
    session = {"object": "checkout.session", "id": "cs_1", "mode": "subscription", "subscription": told["id"]}
    tell([emit(seller.fake, "checkout.session.completed", session | {"client_reference_id": buyer.public_id})])
    found = ours(told["id"])
    item = told["items"]["data"][0]
    assert (found.organization, found.plan, found.status) == (buyer, seller.basic, "active")
    assert found.current_period_end == dt.datetime.fromtimestamp(item["current_period_end"], dt.UTC)
    assert Notice.objects.filter(kind="subscription.purchased").exists()
    assert seller.balances() == {"cash": 1000, "creator": -900, "platform": -100}

    epoch = found.quota_epoch
    update(told["id"], items=[{"id": item["id"], "price": seller.prices["pro"]}], cancel_at_period_end=True)
    tell(told_of(seller.fake, told["id"], "customer.subscription.updated"))
    found = ours(told["id"])
    assert (found.plan, found.cancel_at_period_end, found.quota_epoch > epoch) == (seller.pro, True, True)
    assert found.changes.filter(kind="plan_changed").count() == 1

    stands = seller.fake.world.books[PLATFORM][told["id"]]
    for status, expected in [
        ("past_due", "past_due"), ("unpaid", "unpaid"), ("paused", "paused"), ("active", "active"),
        ("unpaid", "unpaid"), ("past_due", "past_due"), ("canceled", "canceled"), ("active", "canceled"),
    ]:  # fmt: skip
        stands["status"] = status
        invoice = {"object": "invoice", "id": "in_x", "parent": {"subscription_details": {"subscription": told["id"]}}}
        tell([emit(seller.fake, "invoice.payment_failed", invoice)])
        assert ours(told["id"]).status == expected


def test_a_period_there_is_the_period_here_and_nothing_is_charged_here(seller: Seller) -> None:
    told = seller.buy()
    tell(told_of(seller.fake, told["id"], "customer.subscription"))
    found = ours(told["id"])
    Subscription.objects.filter(pk=found.pk).update(
        current_period_start=found.current_period_start - dt.timedelta(days=62),
        current_period_end=found.current_period_end - dt.timedelta(days=62),
    )
    assert billing.close_due_periods()["periods turned"] == 0
    seller.fake.control("renew", told["id"])
    # Events are lost, too.
    assert billing.follow_all_at_stripe() == 1
    after = ours(told["id"])
    assert after.current_period_start == found.current_period_end
    assert after.anchored_at == found.anchored_at
    assert seller.balances()["cash"] == 2000
    assert not Invoice.objects.exists()
    assert not list(list_faults())


def test_it_is_managed_there(seller: Seller) -> None:
    actor = make_actor()
    told = seller.buy(buyer=actor.organization)
    tell(told_of(seller.fake, told["id"], "customer.subscription.created"))
    found = ours(told["id"])
    own = {"actor": actor, "subscription": found}
    for refused in (
        partial(subscriptions.cancel_subscription, **own),
        partial(subscriptions.cancel_at_period_end, **own),
        partial(subscriptions.undo_scheduled, **own),
        partial(subscriptions.schedule_plan_change, **own, plan=seller.pro),
        partial(billing.start_plan_change, **own, plan=seller.pro),
        partial(billing.redeem_coupon, **own, code="ANY"),
    ):
        with pytest.raises(ManagedAtStripe, match="where you bought"):
            refused()
    with pytest.raises(Conflict):
        subscriptions.subscribe(actor=actor, plan=seller.basic)
    assert ours(told["id"]).status == "active"


def test_what_is_none_of_ours_is_logged_and_done_with(
    seller: Seller, caplog: pytest.LogCaptureFixture, fake: FakeStripe
) -> None:
    """An unknown price, and somebody who has the product already."""
    told = fake.control("subscription", unit_amount=500, email="x@example.com")
    for event in told_of(fake, told["id"], "customer.subscription", "invoice"):
        assert deliver(event) == 200
    has_it = SubscriptionFactory(plan=seller.pro)
    second = seller.buy(buyer=has_it.organization)
    with caplog.at_level(logging.WARNING):
        tell(told_of(fake, second["id"], "customer.subscription"))
    assert all_processed()
    assert not StripeSubscription.objects.exists()
    assert not JournalEntry.objects.exists()
    assert f"{has_it.public_id} already" in caplog.text
    assert "its price is no plan's" in caplog.text


def test_a_free_subscription_is_handed_over_with_its_keys(seller: Seller) -> None:
    free = PlanFactory(tier=seller.basic.tier, name="Free", slug="free")
    has_it = SubscriptionFactory(plan=free, overage_allowed=False)
    StripeCustomer.objects.create(organization=has_it.organization.public_id, reference="cus_known")
    told = seller.buy(metadata={})
    seller.fake.world.books[PLATFORM][told["id"]]["customer"] = "cus_known"
    tell(told_of(seller.fake, told["id"], "invoice.paid"))
    found = ours(told["id"])
    assert (found.pk, found.plan, found.collected_by) == (has_it.pk, seller.basic, CollectedBy.STRIPE)
    assert seller.balances()["cash"] == 1000


def test_an_answer_that_was_overtaken_is_thrown_away(seller: Seller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process asks later and writes first: its answer is the newer one, and stays."""
    told = seller.buy()
    sync_stripe_subscription(reference=told["id"])
    ask, asked = at_stripe.find_subscription, []

    def slow(reference: str) -> Any:
        answer = ask(reference)
        asked.append(answer)
        if len(asked) == 1:
            cancel(told["id"])
            sync_stripe_subscription(reference=told["id"])
        return answer

    monkeypatch.setattr("apps.billing.services.elsewhere.find_subscription", slow)
    sync_stripe_subscription(reference=told["id"])
    assert [each.status for each in asked] == ["active", "canceled", "canceled"]
    assert ours(told["id"]).status == "canceled"


def test_five_at_once_make_one(seller: Seller) -> None:
    told = seller.buy()
    invoice = told["latest_invoice"]
    at_once(*[partial(billing.record_stripe_invoice, reference=invoice)] * 5)
    assert StripeInvoice.objects.count() == StripeSubscription.objects.count() == JournalEntry.objects.count() == 1


def emit(fake: FakeStripe, kind: str, item: dict[str, Any]) -> Event:
    event: Event = fake.control("event", type=kind, object=item)
    return event


def update(reference: str, **values: Any) -> None:
    from apps.payments.providers.stripe.client import client

    client().v1.subscriptions.update(reference, values)  # type: ignore[arg-type]


def test_beside_djstripe(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tables: None,  # noqa: F811
) -> None:
    """All that Stripe tells of a subscription's life, backwards, by its webhook."""
    from djstripe import models as mirrored

    with beside_stripe(monkeypatch, settings) as fake:
        seller = Seller(fake)
        told = seller.buy()
        cancel(told["id"])
        for event in told_of(fake, told["id"], "customer.subscription", "invoice")[::-1] * 2:
            assert deliver(event) == 200
        assert all_processed(), [event.error for event in ProviderEvent.objects.all()]
    assert ours(told["id"]).status == "canceled"
    assert seller.balances() == {"cash": 1000, "creator": -900, "platform": -100}
    assert mirrored.Subscription.objects.get().id == told["id"]
    assert mirrored.Event.objects.count() == ProviderEvent.objects.count()
