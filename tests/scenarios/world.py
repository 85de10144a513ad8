"""A creator with a product and a consumer with a key, made through the services as the portal would."""

from dataclasses import dataclass

from apps.accounts.access import Actor
from apps.accounts.models import User
from apps.accounts.selectors import get_actor, list_memberships_of
from apps.keys import services as key_services
from apps.keys.models import ApiKey
from apps.plans import services as plan_services
from apps.plans.models import Plan
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products import services as product_services
from apps.products.models import Product
from apps.subscriptions import services as subscription_services
from apps.subscriptions.models import Subscription


@dataclass
class Contract:
    """A consumer's subscription to a product, with a key."""

    creator: Actor
    consumer: Actor
    product: Product
    plan: Plan
    subscription: Subscription
    key: ApiKey
    secret: str


def person(email: str) -> Actor:
    """A new person, acting for their personal organization."""
    user = User.objects.create_user(email, "correct horse battery")
    membership = list_memberships_of(user)[0]
    return get_actor(user=user, organization_slug=membership.organization.slug)


def contract(
    *,
    upstream_url: str,
    slug: str = "weather",
    quotas: tuple[QuotaSpec, ...] = (),
    rate_limits: tuple[RateLimitSpec, ...] = (),
    paths: tuple[tuple[str, str], ...] = (("GET", "/get"),),
) -> Contract:
    """Publish a product with these free endpoints and one free plan, and subscribe to it."""
    creator, consumer = person(f"alice-{slug}@example.com"), person(f"bob-{slug}@example.com")
    product = product_services.create_product(actor=creator, name=slug.title(), slug=slug, upstream_url=upstream_url)
    tier = product.tiers.get()
    for method, path in paths:
        product_services.add_endpoint(actor=creator, product=product, method=method, path=path, tier=tier)
    spec = PlanSpec(name="Free", tier_slug=tier.slug, quotas=quotas, rate_limits=rate_limits)
    plan = plan_services.create_plan(actor=creator, product=product, spec=spec)
    plan = plan_services.publish_plan(actor=creator, plan=plan)
    product = product_services.publish_product(actor=creator, product=product)
    subscription = subscription_services.subscribe(actor=consumer, plan=plan)
    key, secret = key_services.create_key(actor=consumer, subscription=subscription, name="test")
    return Contract(creator, consumer, product, plan, subscription, key, secret)
