"""A creator's organization with one of everything, and every address below studio and team."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.accounts.enums import Role
from apps.accounts.models import AccessToken, Invitation, Membership, Organization, User
from apps.billing.models import Coupon, CreditNote, UsageCase
from apps.core import clock
from apps.keys.models import ApiKey
from apps.plans.models import Plan
from apps.products.models import ChangelogEntry, Endpoint, FaqEntry, OpenApiImport, Product, SupportChannel, Tier
from apps.subscriptions.models import Subscription
from tests.factories.accounts import AccessTokenFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import make_case, make_credit_note, make_usage_invoice
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import (
    ChangelogEntryFactory,
    EndpointFactory,
    FaqEntryFactory,
    OpenApiImportFactory,
    ProductFactory,
    SupportChannelFactory,
    TierFactory,
)
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import request_id, store_calls, store_rejections
from tests.portal.routes import routes_of

# What a page may write; compared before and after a request that must change nothing.
WATCHED = (
    "accounts", "products", "plans", "subscriptions", "keys", "billing", "payments", "ledger", "notifications",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    organization: Organization
    members: dict[str, User]  # by role
    product: Product
    tier: Tier
    spare_tier: Tier  # nothing uses it
    endpoint: Endpoint
    imported: OpenApiImport  # not applied
    plan: Plan  # on sale
    coupon: Coupon
    draft: Plan
    subscription: Subscription
    invitation: Invitation
    change: ChangelogEntry
    question: FaqEntry
    channel: SupportChannel
    developer: Membership
    token: AccessToken
    key: ApiKey
    answered: str  # ids of requests
    refused: str
    case: UsageCase  # of the subscription's
    note: CreditNote  # over the invoice of the case

    @property
    def owner(self) -> User:
        return self.members[Role.OWNER]

    def ids(self) -> dict[str, Any]:
        """The value of each parameter that an address below studio or team can have."""
        return {
            "organization": self.organization.slug,
            "slug": self.product.slug,
            "endpoint_id": self.endpoint.public_id,
            "change_id": self.change.public_id,
            "question_id": self.question.public_id,
            "channel_id": self.channel.public_id,
            "import_id": self.imported.public_id,
            "tier_slug": self.spare_tier.slug,
            "plan_id": self.plan.public_id,
            "coupon_id": self.coupon.public_id,
            "subscription_id": self.subscription.public_id,
            "token_id": self.token.public_id,
            "member_id": self.developer.pk,
            "invitation_id": self.invitation.pk,
            "request_id": self.refused,
            "case_id": self.case.public_id,
            "invoice_id": self.case.line.invoice.public_id,
            "note_id": self.note.public_id,
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
    # Since a while, so that the calls that tests store lie in the running periods of its quotas.
    subscription = SubscriptionFactory(plan=plan, started_at=clock.now() - dt.timedelta(days=10, hours=12))
    key = ApiKeyFactory(subscription=subscription)
    answered, refused = store_calls(key, endpoint), store_rejections(key, endpoint)
    case = make_case(make_usage_invoice(subscription).lines.get())
    return World(
        organization=organization,
        members=members,
        product=product,
        tier=tier,
        spare_tier=spare,
        endpoint=endpoint,
        imported=OpenApiImportFactory(product=product),
        plan=plan,
        coupon=Coupon.objects.create(product=product, code="SPRING", percent=20, duration="once"),
        draft=PlanFactory(tier=tier, published_at=None),
        subscription=subscription,
        invitation=Invitation.objects.create(
            organization=organization, email="invited@example.com", role=Role.VIEWER, invited_by=members[Role.OWNER]
        ),
        change=ChangelogEntryFactory(product=product),
        question=FaqEntryFactory(product=product),
        channel=SupportChannelFactory(product=product),
        developer=memberships[Role.DEVELOPER],
        token=AccessTokenFactory(organization=organization),
        key=key,
        answered=request_id(answered[0]),
        refused=request_id(refused[0]),
        case=case,
        note=make_credit_note(case.line.invoice),
    )


def routes() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page of studio and team."""
    return routes_of("apps.portal.studio.", "apps.portal.team.")


def snapshot() -> dict[str, str]:
    """A digest of every table of the watched apps, but for when people signed in: one query, as many ask for it."""
    models = [model for label in WATCHED for model in apps.get_app_config(label).get_models()]
    digests = (
        f"SELECT '{model._meta.db_table}', md5(string_agg((to_jsonb(t) - 'last_login')::text, ',' ORDER BY t.{key}))"
        f' FROM "{model._meta.db_table}" t'
        for model in models
        if (key := model._meta.pk.column)
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(digests))
        return dict(cursor.fetchall())
