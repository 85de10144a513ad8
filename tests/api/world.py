"""A creator with a product, a consumer who is subscribed to it, and a stranger: each with a token for everything."""

from dataclasses import dataclass, field
from functools import cached_property

from apps.accounts.access import Actor
from apps.accounts.enums import TokenScope
from apps.accounts.services import create_access_token
from apps.keys.services import create_key
from apps.notifications.services import notify
from apps.products.models import Product
from tests.api.client import Api
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls, store_rejections


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
            organization=organization, slug="weather", name="Weather", published_at="2026-01-01T00:00:00Z"
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
        self.calls = store_calls(self.key, self.endpoint, 3)
        store_rejections(self.key, self.endpoint, 2)
        for party in (self.creator, self.consumer):
            notify(organization=party.actor.organization, kind="test.told", title="Told", body="Something happened.")

    @property
    def product_path(self) -> str:
        return f"/products/{self.product.public_id}"

    @property
    def subscription_path(self) -> str:
        return f"/subscriptions/{self.subscription.public_id}"
