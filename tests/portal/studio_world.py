"""A creator's organization with one of everything, and every address below studio and team."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.enums import Role
from apps.accounts.models import Invitation, Membership, Organization, User
from apps.plans.models import Plan
from apps.products.models import Endpoint, Product, Tier
from apps.subscriptions.models import Subscription
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory

MODULES = ("apps.portal.studio.", "apps.portal.team.")
# What a page may write; compared before and after a request that must change nothing.
WATCHED = ("accounts", "products", "plans", "subscriptions", "keys")


@dataclass(frozen=True)
class World:
    organization: Organization
    members: dict[str, User]  # by role
    product: Product
    tier: Tier
    spare_tier: Tier  # nothing uses it
    endpoint: Endpoint
    plan: Plan  # on sale
    draft: Plan
    subscription: Subscription
    invitation: Invitation
    developer: Membership

    @property
    def owner(self) -> User:
        return self.members[Role.OWNER]

    def ids(self) -> dict[str, Any]:
        """The value of each parameter that an address below studio or team can have."""
        return {
            "organization": self.organization.slug,
            "slug": self.product.slug,
            "endpoint_id": self.endpoint.public_id,
            "tier_slug": self.spare_tier.slug,
            "plan_id": self.plan.public_id,
            "subscription_id": self.subscription.public_id,
            "member_id": self.developer.pk,
            "invitation_id": self.invitation.pk,
        }

    def url(self, name: str, **changed: Any) -> str:
        wanted = dict(routes())[name]
        return reverse(f"portal:{name}", kwargs={key: (self.ids() | changed)[key] for key in wanted})

    def client(self, role: str = Role.OWNER) -> Client:
        client = Client()
        client.force_login(self.members[role])
        return client


def world() -> World:
    organization = OrganizationFactory()
    members = {role.value: UserFactory() for role in Role}
    memberships = {
        role: MembershipFactory(organization=organization, user=user, role=role) for role, user in members.items()
    }
    product = ProductFactory(organization=organization)
    tier, spare = TierFactory(product=product, rank=0), TierFactory(product=product, rank=1)
    endpoint = EndpointFactory(tier=tier)
    plan = PlanFactory(tier=tier)
    QuotaFactory(plan=plan)
    RateLimitFactory(plan=plan)
    return World(
        organization=organization,
        members=members,
        product=product,
        tier=tier,
        spare_tier=spare,
        endpoint=endpoint,
        plan=plan,
        draft=PlanFactory(tier=tier, published_at=None),
        subscription=SubscriptionFactory(plan=plan),
        invitation=Invitation.objects.create(
            organization=organization, email="invited@example.com", role=Role.VIEWER, invited_by=members[Role.OWNER]
        ),
        developer=memberships[Role.DEVELOPER],
    )


def routes() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page of studio and team, as the URLconf has them."""
    return sorted(_walk(get_resolver().url_patterns, ()))


def _walk(patterns: list[Any], outer: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        parameters = (*outer, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, parameters)
        elif isinstance(pattern, URLPattern) and (pattern.callback.__module__ or "").startswith(MODULES):
            assert pattern.name
            yield pattern.name, parameters


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """Every row of the watched apps, but for when people signed in."""
    models: list[type[Model]] = [model for label in WATCHED for model in apps.get_app_config(label).get_models()]
    return {model.__name__: list(_rows(model)) for model in models}


def _rows(model: type[Model]) -> Iterator[dict[str, Any]]:
    for row in model._default_manager.order_by("pk").values():
        row.pop("last_login", None)
        yield row
