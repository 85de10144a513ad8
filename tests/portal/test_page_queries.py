"""No page of the portal asks more queries for many rows of everything than for 10."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.audit import record_event
from apps.accounts.enums import Role
from apps.accounts.models import Invitation, Organization
from apps.accounts.permissions import Action
from apps.billing.enums import InvoiceReason
from apps.billing.models import Coupon, Invoice
from apps.billing.services.invoicing import draft_invoice, issue_invoice, plan_line
from apps.core import clock
from apps.core.ids import random_base62
from apps.notifications.services import notify
from apps.payments.models import Dispute
from apps.payouts.models import Payout, PayoutAccount
from apps.subscriptions.models import SubscriptionChange
from tests.factories.accounts import AccessTokenFactory, MembershipFactory
from tests.factories.billing import make_case, make_credit_note, make_payment
from tests.factories.keys import ApiKeyFactory
from tests.factories.payments import PaymentMethodFactory
from tests.factories.payouts import PayoutAccountFactory
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
from tests.factories.usage import store_calls, store_rejections
from tests.payouts.world import earn
from tests.portal.console.world import routes as console_routes
from tests.portal.studio.pages import READS
from tests.portal.studio.world import World, world
from tests.portal.support import count_queries
from tests.queries import FEW, MANY

pytestmark = pytest.mark.django_db

PAYOUT_PAGES = ("payouts", "payout-account", "statements")
DEEDS = {
    "key-create",
    "key-change",
    "key-revoke",
    "key-rotate",
    "key-signing-secret",
    "subscription-cancel",
    "subscription-overage",
}


def grow(ours: World, number: int) -> None:
    """So many more of everything that a creator has, and a consumer of theirs."""
    for _ in range(number):
        endpoint = EndpointFactory(tier=ours.tier)
        OpenApiImportFactory(product=ours.product, created_by=ours.owner)
        plan = PlanFactory(tier=TierFactory(product=ours.product))
        other = PlanFactory(tier__product=ProductFactory(organization=ours.organization))
        for sold in (plan, other):
            QuotaFactory(plan=sold)
            RateLimitFactory(plan=sold)
        RateLimitFactory(plan=ours.plan, endpoint=endpoint)
        for subscription in (
            SubscriptionFactory(plan=plan),
            SubscriptionFactory(plan=other, organization=ours.subscription.organization),
        ):
            for key in (ApiKeyFactory(subscription=subscription), ApiKeyFactory(subscription=ours.subscription)):
                store_calls(key, endpoint)
                store_rejections(key, endpoint)
        SubscriptionChange.objects.create(
            subscription=ours.subscription, kind="quota_reset", to_status="active", to_plan=ours.plan,
            actor=ours.owner, occurred_at=clock.now(),
        )  # fmt: skip
        Coupon.objects.create(product=ours.product, code=f"C-{plan.pk}", percent=5, duration="once")
        paid = PlanFactory(tier__product=ours.product, price_amount=100)
        start, end = clock.now(), clock.now() + dt.timedelta(days=30)
        draft = draft_invoice(
            subscription=ours.subscription, reason=InvoiceReason.USAGE, currency="USD", start=start, end=end,
            lines=[plan_line(paid, start, end)],
        )  # fmt: skip
        issued = issue_invoice(invoice=draft)
        make_case(issued.lines.get())
        make_credit_note(issued)
        Dispute.objects.create(
            payment=make_payment(issued), provider="sandbox", provider_reference=issued.public_id, amount=1,
            currency="USD", reason="fraudulent", opened_at=clock.now(),
        )  # fmt: skip
        earn(ours.organization, 100)
        send(ours.organization)
        PaymentMethodFactory(organization=ours.subscription.organization)
        ChangelogEntryFactory(product=ours.product, published_at=clock.now())
        FaqEntryFactory(product=ours.product)
        SupportChannelFactory(product=ours.product, tier=ours.tier)
        # For the owner alone: the organization gets more members with each round.
        told = Action.ORGANIZATION_MANAGE
        notify(organization=ours.organization, kind="x.done", title="Done", body="It was done.", action=told)
        person = MembershipFactory(organization=ours.organization, role=Role.VIEWER).user
        MembershipFactory(user=ours.owner)
        AccessTokenFactory(organization=ours.organization)
        Invitation.objects.create(organization=ours.organization, email=f"to-{person.email}", role=Role.VIEWER)
        record_event(organization=ours.organization, actor=person, action="x.done", summary="Did it.")


def send(organization: Organization) -> None:
    """A payout of one cent."""
    account = PayoutAccount.objects.filter(organization=organization).first()
    account = account or PayoutAccountFactory(organization=organization)
    Payout.objects.create(
        organization=organization, account=account, method="bank", destination=account.destination, amount=1,
        currency="USD", status="approved", idempotency_key=random_base62(16),
    )  # fmt: skip


def billing_pages(ours: World) -> list[str]:
    """Those of the consumer's money, with an invoice that is open."""
    subscription = ours.subscription
    slug = subscription.organization.slug
    invoice = Invoice.objects.filter(organization=subscription.organization).order_by("pk").first()
    assert invoice is not None
    return [
        reverse("portal:invoices", args=[slug]),
        reverse("portal:cards", args=[slug]),
        reverse("portal:invoice", args=[slug, invoice.public_id]),
        reverse("portal:invoice-line", args=[slug, invoice.public_id, 1]),
        reverse("portal:billing-month", args=[slug]),
        reverse("portal:billing-profile", args=[slug]),
        *(reverse(f"portal:{name}", args=[ours.organization.slug]) for name in PAYOUT_PAGES),
        reverse("portal:statement", args=[ours.organization.slug, f"{clock.now():%Y-%m}", "USD"]),
        reverse("portal:plan-change", args=[slug, subscription.public_id]),
    ]


def pages(ours: World) -> list[str]:
    """Every page that the owner can read, as a creator, as their own consumer and as a visitor of the marketplace."""
    consumer = {
        "organization": ours.subscription.organization.slug,
        "subscription_id": ours.subscription.public_id,
        "request_id": ours.answered,
        "key_id": ours.key.public_id,
    }
    product = {"slug": ours.product.slug}
    return [
        *(ours.url(name) for name in READS),
        *(
            reverse(f"portal:{name}", kwargs={parameter: consumer[parameter] for parameter in parameters})
            for name, parameters in console_routes()
            if name not in DEEDS
        ),
        *billing_pages(ours),
        reverse("portal:organization-new"),
        reverse("portal:product-list"),
        *(
            reverse(f"portal:product{tab}", kwargs=product)
            for tab in ("", "-endpoints", "-plans", "-changelog", "-support")
        ),
        reverse("portal:notices"),
        reverse("portal:product-openapi-json", kwargs=product),
        reverse("portal:product-endpoint", kwargs=product | {"endpoint_id": ours.endpoint.public_id}),
        reverse("portal:subscribe", kwargs=product | {"plan": ours.plan.slug}),
    ]


@pytest.mark.parametrize("many", [MANY, pytest.param(200, marks=pytest.mark.long)])
def test_a_page_costs_the_same_for_10_rows_as_for_many(client: Client, many: int) -> None:
    ours = world()
    MembershipFactory(user=ours.owner, organization=ours.subscription.organization)
    client.force_login(ours.owner)
    grow(ours, FEW)
    few = {page: count_queries(client, page) for page in pages(ours)}
    grow(ours, many - FEW)
    assert {page: count_queries(client, page) for page in pages(ours)} == few
