"""A creator with a product, a consumer who is subscribed to it, and a stranger: each with a token for everything."""

import json
from dataclasses import dataclass, field
from functools import cached_property

from apps.accounts.access import Actor
from apps.accounts.enums import TokenScope
from apps.accounts.services import create_access_token
from apps.billing.models import Coupon, Invoice
from apps.billing.services import start_checkout
from apps.core import clock
from apps.keys.services import create_key
from apps.notifications.models import Notice
from apps.notifications.services import notify
from apps.payments.services import add_card, claim_payment
from apps.payouts.services import request_payout
from apps.products.models import Product
from apps.products.services import preview_import
from tests.api.client import Api
from tests.factories.actors import make_actor
from tests.factories.billing import make_case, make_credit_note, make_usage_invoice
from tests.factories.payouts import PayoutAccountFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls, store_rejections
from tests.payouts.world import earn

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Weather", "version": "2"},
    "paths": {"/now": {"get": {"summary": "Now", "responses": {"200": {"description": "It is so."}}}}},
}


def api_of(actor: Actor, *scopes: str) -> Api:
    """The API with a new token of the actor, for everything where no scope is named."""
    _token, secret = create_access_token(actor=actor, name="test", scopes=list(scopes or TokenScope.values))
    return Api(secret)


@dataclass
class Party:
    actor: Actor = field(default_factory=make_actor)

    @cached_property
    def api(self) -> Api:
        return api_of(self.actor)


class World:
    def __init__(self) -> None:
        self.creator, self.consumer, self.stranger = Party(), Party(), Party()
        organization = self.creator.actor.organization
        self.product: Product = ProductFactory(
            organization=organization, slug="forecasts", name="Forecasts", published_at="2026-01-01T00:00:00Z"
        )
        self.product.refresh_from_db()
        self.tier = TierFactory(product=self.product, slug="free", rank=0)
        self.spare_tier = TierFactory(product=self.product, slug="pro", rank=1)
        self.endpoint = EndpointFactory(tier=self.tier, path="/forecast", operation={"summary": "The forecast"})
        self.plan = PlanFactory(tier=self.tier, slug="basic", name="Basic")
        QuotaFactory(plan=self.plan)
        RateLimitFactory(plan=self.plan)
        self.bigger_plan = PlanFactory(tier=self.spare_tier, slug="pro", name="Pro", price_amount=1900)
        self.draft_plan = PlanFactory(tier=self.tier, slug="draft", name="Draft", published_at=None)
        self.subscription = SubscriptionFactory(plan=self.plan, organization=self.consumer.actor.organization)
        self.key, self.secret = create_key(actor=self.consumer.actor, subscription=self.subscription, name="live")
        party = self.consumer.actor
        self.card = add_card(actor=party, number="4242424242424242", exp_month=12, exp_year=2040, cvc="123")
        owned = PlanFactory(
            tier__product__organization=self.creator.actor.organization, tier__product__slug="maps", price_amount=900
        )
        self.checkout = start_checkout(actor=party, plan=owned)
        self.imported = preview_import(
            actor=self.creator.actor, product=self.product, source="paste", raw=json.dumps(DOCUMENT).encode()
        )
        self.calls = store_calls(self.key, self.endpoint, 3)
        store_rejections(self.key, self.endpoint, 2)
        for party in (self.creator, self.consumer):
            notify(organization=party.actor.organization, kind="test.told", title="Told", body="Something happened.")
        self.token, _secret = create_access_token(actor=make_actor(organization), name="CI", scopes=["usage:read"])

    @cached_property
    def usage_invoice(self) -> Invoice:
        """Of the consumer, for the creator's product; 10.00 USD, not paid."""
        return make_usage_invoice(self.subscription)

    @cached_property
    def ids(self) -> dict[str, str]:
        """What stands for each parameter of a path: of the creator's, or else of the consumer's things."""
        creator = self.creator.actor
        PayoutAccountFactory(organization=creator.organization)
        earn(creator.organization, 9000)
        line = self.usage_invoice.lines.get()
        return {
            "product_id": self.product.public_id, "subscription_id": self.subscription.public_id,
            "endpoint_id": self.endpoint.public_id, "plan_id": self.plan.public_id, "key_id": self.key.public_id,
            "tier": self.tier.slug, "slug": self.product.slug, "checkout_id": self.checkout.public_id,
            "invoice_id": self.usage_invoice.public_id, "position": "1", "case_id": make_case(line).public_id,
            "credit_note_id": make_credit_note(self.usage_invoice).public_id,
            "method_id": self.card.public_id, "import_id": self.imported.public_id,
            "notice_id": Notice.objects.filter(user=self.consumer.actor.user).earliest("pk").public_id,
            "request_id": f"req_{self.calls[0].id.hex}", "organization_id": creator.organization.public_id,
            "organization_slug": self.consumer.actor.organization.slug, "token_id": self.token.public_id,
            "coupon_id": Coupon.objects.create(product=self.product, code="OLD", percent=5, duration="once").public_id,
            "payout_id": request_payout(actor=creator, currency="USD", amount=2000).public_id,
            "payment_id": claim_payment(
                method=self.card, amount=900, currency="USD", reference=self.checkout.public_id
            ).public_id,
            "month": f"{clock.now():%Y-%m}", "currency": "USD",
        }  # fmt: skip

    @property
    def product_path(self) -> str:
        return f"/products/{self.product.public_id}"

    @property
    def subscription_path(self) -> str:
        return f"/subscriptions/{self.subscription.public_id}"
