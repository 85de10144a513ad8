"""A consumer's organization with a subscription, a key and calls, and every address below the console."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.accounts.enums import Role
from apps.accounts.models import Organization, User
from apps.core import clock
from apps.keys.models import ApiKey
from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.products.models import Endpoint
from apps.subscriptions.models import Subscription
from tests.factories.accounts import MembershipFactory, OrganizationFactory
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import request_id, store_calls, store_rejections
from tests.portal.routes import routes_of


@dataclass(frozen=True)
class World:
    organization: Organization
    members: dict[str, User]  # by role
    subscription: Subscription
    endpoint: Endpoint
    key: ApiKey
    answered: str  # ids of requests
    refused: str

    @property
    def owner(self) -> User:
        return self.members[Role.OWNER]

    def url(self, name: str, **changed: Any) -> str:
        """The address of a page of the console, with this world's ids; `changed` replaces some."""
        ids = {
            "organization": self.organization.slug,
            "subscription_id": self.subscription.public_id,
            "key_id": self.key.public_id,
            "request_id": self.answered,
        }
        return reverse(f"portal:{name}", kwargs={key: (ids | changed)[key] for key in dict(routes())[name]})


def make_world(name: str = "Acme") -> World:
    """Everything that a page of the console can show; `name` is the organization's."""
    organization = OrganizationFactory(name=name)
    members = {role: MembershipFactory(organization=organization, role=role).user for role in Role}
    plan = PlanFactory(name="Standard", tier__product__name=f"Weather of {name}")
    QuotaFactory(plan=plan, included_units=1000, period=QuotaPeriodUnit.MONTH)
    RateLimitFactory(plan=plan, max_calls=60, window=RateWindow.MINUTE)
    endpoint = EndpointFactory(tier=plan.tier, path="/forecast")
    subscription = SubscriptionFactory(
        organization=organization, plan=plan, started_at=clock.now() - dt.timedelta(days=10)
    )
    key = ApiKeyFactory(subscription=subscription, name="production")
    answered = store_calls(key, endpoint)
    refused = store_rejections(key, endpoint)
    return World(organization, members, subscription, endpoint, key, request_id(answered[0]), request_id(refused[0]))


def routes() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page of the console."""
    return routes_of("apps.portal.console.")
