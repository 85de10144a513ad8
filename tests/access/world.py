"""One world for all addresses: a creator, a consumer, another of each, staff; with an object for every parameter.

Everybody owns their organization: what lesser roles in it may is tested with the pages and services themselves.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Model
from django.test import Client

from apps.accounts.models import AccessToken, Organization, User
from apps.billing.models import Checkout, Invoice, InvoiceLine
from apps.core import clock
from apps.notifications.models import Notice
from apps.payments.models import SandboxAccount
from apps.payments.services import claim_payment, collect_payment
from apps.payouts.models import Payout
from apps.payouts.services.booking import book_created
from apps.plans.models import PlanGrant
from apps.products.enums import ImportSource
from apps.products.models import OpenApiImport
from apps.subscriptions.models import Subscription
from tests.access.table import BODIES, QUERIES, Guard
from tests.access.walk import Route
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.billing import make_case, make_credit_note, make_payment, make_usage_invoice
from tests.factories.payments import PaymentMethodFactory
from tests.factories.payouts import PayoutAccountFactory
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory
from tests.payouts.world import earn
from tests.portal.studio.world import World as Shop
from tests.portal.studio.world import world as open_shop
from tests.staff.rows import MAKERS

# The roles: whose browser asks.
ANONYMOUS, CONSUMER, CREATOR = "anonymous", "consumer", "creator"
OTHER_CONSUMER, OTHER_CREATOR = "other consumer", "other creator"
STAFF, STAFF_WITHOUT_RIGHTS = "staff", "staff without rights"
ROLES = (ANONYMOUS, CONSUMER, OTHER_CONSUMER, CREATOR, OTHER_CREATOR, STAFF)

# The address of the product by which creators are charged.
HOSTING = "hosting"

INSIDE: dict[Guard, set[str]] = {
    Guard.EVERYBODY: set(ROLES),
    Guard.SIGNED_IN: set(ROLES) - {ANONYMOUS},
    Guard.CONSUMER: {CONSUMER},
    Guard.CREATOR: {CREATOR},
    Guard.STAFF: {STAFF},
}


@dataclass
class World:
    shop: Shop
    consumer: Organization
    own: dict[str, tuple[Organization, Shop]]  # by role: an outsider's own organization, and what belongs to it
    clients: dict[str, Client]
    values: dict[str, Any]
    rows: dict[type[Model], Model]

    def organization(self, guard: Guard) -> Organization:
        """Whose addresses these are."""
        return self.consumer if guard is Guard.CONSUMER else self.shop.organization

    def url(self, route: Route, guard: Guard, **changed: Any) -> str:
        values = self.values | {"organization": self.organization(guard).slug}
        if route.model:
            values["object_id"] = self.rows[route.model].pk
        return route.url(values | changed) + QUERIES.get(route.name, "").format_map(values)

    def body(self, route: Route) -> dict[str, object]:
        """What would be carried out, if its sender were the right one."""
        filled = BODIES.get(route.name, {}).items()
        return {name: value.format_map(self.values) if isinstance(value, str) else value for name, value in filled}


def build_world() -> World:
    shop, other = open_shop(), open_shop()
    PlanFactory(tier__product=ProductFactory(slug=HOSTING, published_at=clock.now()))
    shop.product.published_at = clock.now()
    shop.product.save()
    people = {
        CONSUMER: MembershipFactory(organization=shop.subscription.organization).user,
        OTHER_CONSUMER: MembershipFactory(organization=other.subscription.organization).user,
        CREATOR: shop.owner,
        OTHER_CREATOR: other.owner,
        STAFF: UserFactory(is_staff=True, is_superuser=True),
        STAFF_WITHOUT_RIGHTS: UserFactory(is_staff=True),
    }
    values = shop.ids() | _values(shop, people[CONSUMER])
    rows = {model: make() for model, make in MAKERS.items()}
    own = {
        OTHER_CONSUMER: (other.subscription.organization, other),
        OTHER_CREATOR: (other.organization, other),
    }
    return World(shop, shop.subscription.organization, own, _clients(people), values, rows)


def _values(shop: Shop, consumer: User) -> dict[str, Any]:
    """What parameters hold that the shop's own addresses do not have."""
    imported = OpenApiImport.objects.create(
        product=shop.product, source=ImportSource.PASTE, dialect="3.1", created_by=shop.owner,
        document={"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}},
    )  # fmt: skip
    notice = Notice.objects.create(
        user=consumer, organization=shop.subscription.organization, kind="x.done", title="x", created_at=clock.now()
    )
    PlanGrant.objects.create(product=shop.product, plan_slug=shop.plan.slug, organization=shop.organization)
    logo = "x" * 16
    default_storage.save(f"logos/{shop.product.public_id}/{logo}.png", ContentFile(b"x"))
    owned = _owned_by(shop.subscription, consumer) | _earned_by(shop.organization)
    return owned | {
        "plan": shop.plan.slug,
        "tier": shop.spare_tier.slug,
        "key_id": shop.key.public_id,
        "import_id": imported.public_id,
        "notice_id": notice.public_id,
        "product_id": shop.product.public_id,
        "organization_id": shop.organization.public_id,
        "name": logo,
        "granted": shop.organization.slug,
        "other_plan_id": PlanFactory(tier=shop.tier).public_id,
        "organization_slug": shop.organization.slug,
        "mail_id": "none",
        "app_label": "accounts",
        "content_type_id": 1,
        "object_id": 1,
        "url": "nowhere",
    }


def _owned_by(subscription: Subscription, consumer: User) -> dict[str, Any]:
    """What the consumer pays with, owes and calls the REST API with."""
    organization, now = subscription.organization, clock.now()
    period = {"period_start": now, "period_end": now + dt.timedelta(days=30)}
    invoice = Invoice.objects.create(
        issuer="x", reason="renewal", organization=organization, subscription=subscription,
        product=subscription.product, currency="USD", subtotal_amount=1, total_amount=1, **period,
    )  # fmt: skip
    InvoiceLine.objects.create(
        invoice=invoice, kind="plan", description="x", unit_amount=1, amount=1, plan=subscription.plan, **period
    )
    names = {"name": "x", "id": "x", "address": "x", "lines": [], "tax_id": "x"}
    Invoice.objects.filter(pk=invoice.pk).update(
        status="open", number="X-1", issued_at=now, due_at=now, billed_to=names, issued_by=names
    )
    checkout = Checkout.objects.create(
        kind="subscribe", organization=organization, subscription=subscription, plan=subscription.plan,
        invoice=invoice, expires_at=now + dt.timedelta(days=1),
    )  # fmt: skip
    token = AccessToken.objects.create(
        user=consumer, organization=organization, name="x", scopes=[], prefix="af_pat_xxxx", last4="xxxx", digest=b"x"
    )
    make_payment(invoice)
    disputed = make_usage_invoice(subscription)
    card = PaymentMethodFactory(organization=organization, behaviour="confirms_always")
    waiting = claim_payment(method=card, amount=1000, currency="USD", reference="inv_x", created_by=consumer)
    note = make_credit_note(disputed)
    return {
        "payment_id": collect_payment(payment=waiting).public_id,
        "note_id": note.public_id,
        "credit_note_id": note.public_id,
        "case_id": make_case(disputed.lines.get()).public_id,
        "position": 1,
        "invoice_id": invoice.public_id,
        "checkout_id": checkout.public_id,
        "method_id": PaymentMethodFactory(organization=organization).public_id,
        "token_id": token.public_id,
    }


def _earned_by(creator: Organization) -> dict[str, Any]:
    """What the creator is paid, with a statement of this month."""
    account = PayoutAccountFactory(organization=creator)
    earn(creator, 9000)
    payout = Payout.objects.create(
        organization=creator, account=account, method="bank", destination=account.destination, amount=1000,
        currency="USD", status="approved", idempotency_key="x",
    )  # fmt: skip
    book_created(payout, clock.now())
    reference = "sbx_acct_x"
    SandboxAccount.objects.create(
        idempotency_key="x", reference=reference, holder=creator.public_id, email="x@example.com", country="DE"
    )
    return {"account": reference, "payout_id": payout.public_id, "month": f"{clock.now():%Y-%m}", "currency": "USD"}


def _clients(people: dict[str, User]) -> dict[str, Client]:
    clients = {ANONYMOUS: Client()}
    for role, person in people.items():
        clients[role] = Client()
        clients[role].force_login(person)
    return clients
