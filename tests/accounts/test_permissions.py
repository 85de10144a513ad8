"""Who may do what: the table, and every service of every app held to it."""

import base64
import datetime as dt
import importlib
import inspect
import itertools
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Invitation
from apps.accounts.permissions import ROLES_BY_ACTION, Action, allows
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CreditReason
from apps.billing.models import Checkout, Coupon, InvoiceLine
from apps.billing.services import start_checkout
from apps.core import clock
from apps.core.errors import NotAllowed
from apps.core.ids import random_base62
from apps.core.models import Change
from apps.payments import providers
from apps.payments.models import Payment, PaymentMethod, SandboxAccount
from apps.payments.providers.base import CardToken, SavedCard
from apps.payments.services import claim_payment, collect_payment
from apps.payouts.details import AccountDetails
from apps.payouts.models import Payout
from apps.payouts.services import request_payout
from apps.plans.models import Plan, PlanGrant
from apps.plans.specs import PlanSpec
from apps.products.services import ImportOptions, changes_of
from apps.subscriptions.models import ConsumerBan, Subscription
from apps.subscriptions.overage import OverageChoice
from tests.factories.accounts import AccessTokenFactory, MembershipFactory, OrganizationFactory
from tests.factories.actors import make_actor
from tests.factories.billing import make_case, make_usage_invoice
from tests.factories.keys import ApiKeyFactory
from tests.factories.payments import PaymentMethodFactory
from tests.factories.payouts import PayoutAccountFactory
from tests.factories.plans import PlanFactory
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
from tests.payouts.world import earn

TABLE = """
                      owner admin developer viewer
view                    x     x       x       x
organization.manage     x     .       .       .
members.manage          x     x       .       .
audit.view              x     x       .       .
tokens.manage           x     x       x       x
products.edit           x     x       x       .
products.publish        x     x       .       .
plans.edit              x     x       .       .
consumers.manage        x     x       .       .
subscriptions.manage    x     x       .       .
keys.manage             x     x       x       .
billing.view            x     x       .       .
billing.manage          x     x       .       .
payouts.view            x     x       .       .
payouts.manage          x     x       .       .
"""
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.strip().splitlines()[1:]}
EXPECTED = {
    (action, role): mark == "x"
    for action, marks in ROWS.items()
    for role, mark in zip(["owner", "admin", "developer", "viewer"], marks, strict=True)
}


class World:
    """An organization as creator and as consumer, with one of everything that a service can be given."""

    def __init__(self) -> None:
        self.organization = OrganizationFactory()
        MembershipFactory(organization=self.organization)
        self.other_member = MembershipFactory(organization=self.organization, role=Role.VIEWER)
        self.invitation = Invitation.objects.create(
            organization=self.organization, email="invited@example.com", role=Role.VIEWER
        )
        self.product = ProductFactory(organization=self.organization, status="draft")
        self.tier = TierFactory(product=self.product, rank=0)
        self.spare_tier = TierFactory(product=self.product, rank=1)
        self.endpoint = EndpointFactory(tier=self.tier)
        self.change = ChangelogEntryFactory(product=self.product)
        self.published_change = ChangelogEntryFactory(product=self.product, published_at=clock.now())
        self.question = FaqEntryFactory(product=self.product)
        self.channel = SupportChannelFactory(product=self.product)
        self.imported = OpenApiImportFactory(product=self.product)
        self.plan = PlanFactory(tier=self.tier)
        self.draft_plan = PlanFactory(tier=self.tier, published_at=None)
        self.consumer = SubscriptionFactory(plan=self.plan)
        self.subscription = SubscriptionFactory(organization=self.organization)
        self.key = ApiKeyFactory(subscription=self.subscription)
        self.access_token = AccessTokenFactory(organization=self.organization)
        self.plan_of_others = PlanFactory()


def route(world: World) -> dict[str, Any]:
    return {"method": "GET", "path": "/new", "tier": world.tier}


URL = "https://backend.example.com"
CONTACT = {"kind": "email", "value": "help@example.com"}
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==")  # a GIF of one pixel
DOCUMENT = b'{"openapi": "3.1.0", "info": {"title": "Maps"}, "paths": {"/tiles": {"get": {}}}}'
# Every service that takes an actor: the action that it needs, and arguments with which it would succeed.
SERVICES: dict[str, tuple[Action, Callable[[World], dict[str, Any]]]] = {
    "accounts.rename_organization": (Action.ORGANIZATION_MANAGE, lambda world: {"name": "New"}),
    "accounts.invite_member": (Action.MEMBERS_MANAGE, lambda world: {"email": "x@example.com", "role": "viewer"}),
    "accounts.withdraw_invitation": (Action.MEMBERS_MANAGE, lambda world: {"invitation_id": world.invitation.pk}),
    "accounts.change_role": (
        Action.MEMBERS_MANAGE,
        lambda world: {"member_id": world.other_member.pk, "role": "developer"},
    ),
    "accounts.remove_member": (Action.MEMBERS_MANAGE, lambda world: {"member_id": world.other_member.pk}),
    "accounts.create_access_token": (Action.TOKENS_MANAGE, lambda world: {"name": "CI", "scopes": ["keys:read"]}),
    "accounts.revoke_access_token": (Action.MEMBERS_MANAGE, lambda world: {"token": world.access_token}),
    "products.create_product": (
        Action.PRODUCTS_EDIT,
        lambda world: {"name": "New", "slug": "new-product", "upstream_url": URL},
    ),
    "products.update_product": (
        Action.PRODUCTS_EDIT,
        lambda world: {"product": world.product, "name": "New", "upstream_url": URL},
    ),
    "products.set_billable_statuses": (Action.PLANS_EDIT, lambda world: {"product": world.product, "statuses": [200]}),
    "products.publish_product": (Action.PRODUCTS_PUBLISH, lambda world: {"product": world.product}),
    "products.unpublish_product": (Action.PRODUCTS_PUBLISH, lambda world: {"product": published(world)}),
    "products.prepare_proxy_secret": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product}),
    "products.activate_proxy_secret": (Action.PRODUCTS_EDIT, lambda world: {"product": with_next_secret(world)}),
    "products.discard_proxy_secret": (Action.PRODUCTS_EDIT, lambda world: {"product": with_next_secret(world)}),
    "products.add_tier": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product, "name": "New"}),
    "products.rename_tier": (Action.PRODUCTS_EDIT, lambda world: {"tier": world.tier, "name": "New"}),
    "products.remove_tier": (Action.PRODUCTS_EDIT, lambda world: {"tier": world.spare_tier}),
    "products.add_endpoint": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product, **route(world)}),
    "products.update_endpoint": (Action.PRODUCTS_EDIT, lambda world: {"endpoint": world.endpoint, **route(world)}),
    "products.move_endpoints": (
        Action.PRODUCTS_EDIT,
        lambda world: {"product": world.product, "endpoints": [world.endpoint.public_id], "tier": world.spare_tier},
    ),
    "products.deprecate_endpoint": (Action.PRODUCTS_EDIT, lambda world: {"endpoint": world.endpoint}),
    "products.undeprecate_endpoint": (Action.PRODUCTS_EDIT, lambda world: {"endpoint": world.endpoint}),
    "products.remove_endpoint": (Action.PRODUCTS_EDIT, lambda world: {"endpoint": world.endpoint}),
    "products.deprecate_product": (Action.PRODUCTS_PUBLISH, lambda world: {"product": world.product}),
    "products.undeprecate_product": (Action.PRODUCTS_PUBLISH, lambda world: {"product": world.product}),
    "products.retire_product": (
        Action.PRODUCTS_PUBLISH,
        lambda world: {"product": world.product, "retires_at": in_a_month(), "note": "x"},
    ),
    "products.call_off_retirement": (Action.PRODUCTS_PUBLISH, lambda world: {"product": retiring(world)}),
    "products.set_logo": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product, "image": PICTURE}),
    "products.remove_logo": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product}),
    "products.add_changelog_entry": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product, "title": "x"}),
    "products.update_changelog_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.change, "title": "x"}),
    "products.publish_changelog_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.change}),
    "products.unpublish_changelog_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.published_change}),
    "products.remove_changelog_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.change}),
    "products.add_faq_entry": (
        Action.PRODUCTS_EDIT,
        lambda world: {"product": world.product, "question": "x", "answer": "x"},
    ),
    "products.update_faq_entry": (
        Action.PRODUCTS_EDIT,
        lambda world: {"entry": world.question, "question": "x", "answer": "x"},
    ),
    "products.move_faq_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.question, "by": 1}),
    "products.remove_faq_entry": (Action.PRODUCTS_EDIT, lambda world: {"entry": world.question}),
    "products.add_support_channel": (Action.PRODUCTS_EDIT, lambda world: {"product": world.product, **CONTACT}),
    "products.update_support_channel": (Action.PRODUCTS_EDIT, lambda world: {"channel": world.channel, **CONTACT}),
    "products.move_support_channel": (Action.PRODUCTS_EDIT, lambda world: {"channel": world.channel, "by": -1}),
    "products.remove_support_channel": (Action.PRODUCTS_EDIT, lambda world: {"channel": world.channel}),
    "products.preview_import": (
        Action.PRODUCTS_EDIT,
        lambda world: {"product": world.product, "source": "paste", "raw": DOCUMENT},
    ),
    "products.create_product_from_document": (
        Action.PRODUCTS_EDIT,
        lambda world: {"source": "paste", "raw": DOCUMENT, "upstream_url": URL},
    ),
    "products.apply_import": (
        Action.PRODUCTS_EDIT,
        lambda world: {
            "imported": world.imported,
            "options": ImportOptions(seen=changes_of(world.imported).seen),
        },
    ),
    "products.discard_import": (Action.PRODUCTS_EDIT, lambda world: {"imported": world.imported}),
    "plans.create_plan": (
        Action.PLANS_EDIT,
        lambda world: {"product": world.product, "spec": PlanSpec("New", world.tier.slug)},
    ),
    "plans.revise_plan": (
        Action.PLANS_EDIT,
        lambda world: {"plan": world.plan, "spec": PlanSpec("New", world.tier.slug)},
    ),
    "plans.publish_plan": (Action.PLANS_EDIT, lambda world: {"plan": world.draft_plan}),
    "plans.withdraw_plan": (Action.PLANS_EDIT, lambda world: {"plan": world.plan}),
    "plans.grant_plan": (
        Action.PLANS_EDIT,
        lambda world: {"plan": world.plan, "organization_slug": world.consumer.organization.slug},
    ),
    "plans.revoke_grant": (
        Action.PLANS_EDIT,
        lambda world: {"plan": world.plan, "organization": granted(world)},
    ),
    "subscriptions.subscribe": (Action.SUBSCRIPTIONS_MANAGE, lambda world: {"plan": world.plan_of_others}),
    "subscriptions.approve_consumer": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": waiting(world)}),
    "subscriptions.decline_consumer": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": waiting(world)}),
    "subscriptions.change_plan_now": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": world.subscription, "plan": sibling(world), "at": clock.now()},
    ),
    "subscriptions.schedule_plan_change": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": paid(world), "plan": sibling(world)},
    ),
    "subscriptions.cancel_at_period_end": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": world.subscription},
    ),
    "subscriptions.undo_scheduled": (Action.SUBSCRIPTIONS_MANAGE, lambda world: {"subscription": ending(world)}),
    "subscriptions.cancel_subscription": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": world.subscription},
    ),
    "subscriptions.migrate_subscribers": (
        Action.PLANS_EDIT,
        lambda world: {"plan": older_version(world), "to": world.plan, "when": "renewal"},
    ),
    "subscriptions.pause_consumer": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": world.consumer}),
    "subscriptions.resume_consumer": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": paused(world)}),
    "subscriptions.ban_consumer": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": world.consumer}),
    "subscriptions.lift_ban": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": banned(world)}),
    "subscriptions.set_overage": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": world.subscription, "choice": OverageChoice(allowed=False)},
    ),
    "subscriptions.reset_quota": (Action.CONSUMERS_MANAGE, lambda world: {"subscription": world.consumer}),
    "billing.start_checkout": (Action.SUBSCRIPTIONS_MANAGE, lambda world: {"plan": world.plan_of_others}),
    "billing.create_coupon": (
        Action.PLANS_EDIT,
        lambda world: {"product": world.product, "spec": CouponSpec("NEW", percent=Decimal(5))},
    ),
    "billing.archive_coupon": (
        Action.PLANS_EDIT,
        lambda world: {"coupon": Coupon.objects.create(product=world.product, code="OLD", percent=5, duration="once")},
    ),
    "billing.redeem_coupon": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {"subscription": redeemable(world), "code": "HALF"},
    ),
    "billing.start_plan_change": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: {
            "subscription": world.subscription,
            "plan": PlanFactory(tier=world.subscription.plan.tier, price_amount=1000),
        },
    ),
    "billing.pay_checkout": (
        Action.BILLING_MANAGE,
        lambda world: {
            "checkout": open_checkout(world),
            "method": saved_card(world),
        },
    ),
    "billing.pay_invoice": (
        Action.BILLING_MANAGE,
        lambda world: {
            "invoice": open_checkout(world).invoice,
            "method": saved_card(world),
        },
    ),
    "payouts.save_account": (Action.PAYOUTS_MANAGE, lambda world: {"details": payout_details()}),
    "payouts.start_onboarding": (
        Action.PAYOUTS_MANAGE,
        lambda world: {"return_url": page_of_account(world), "refresh_url": URL},
    ),
    "payouts.request_payout": (Action.PAYOUTS_MANAGE, lambda world: {"currency": earned(world)}),
    "payouts.cancel_payout": (Action.PAYOUTS_MANAGE, lambda world: {"payout": open_payout(world)}),
    "billing.save_profile": (
        Action.BILLING_MANAGE,
        lambda world: {"legal_name": "", "address": "", "country": "", "tax_id": "", "email": ""},
    ),
    "billing.refund_invoice": (
        Action.CONSUMERS_MANAGE,
        lambda world: {"invoice": make_usage_invoice(world.consumer), "reason": CreditReason.GOODWILL},
    ),
    "billing.open_case": (
        Action.BILLING_MANAGE,
        lambda world: {"line": usage_line(world.subscription), "text": "x", "asked_amount": 1},
    ),
    "billing.withdraw_case": (
        Action.BILLING_MANAGE,
        lambda world: {"case": make_case(usage_line(world.subscription))},
    ),
    "billing.accept_case": (
        Action.CONSUMERS_MANAGE,
        lambda world: {"case": make_case(usage_line(world.consumer))},
    ),
    "billing.refuse_case": (
        Action.CONSUMERS_MANAGE,
        lambda world: {"case": make_case(usage_line(world.consumer)), "answer": "x"},
    ),
    "payments.add_card": (
        Action.BILLING_MANAGE,
        lambda world: {"number": "4242424242424242", "exp_month": 12, "exp_year": 2060, "cvc": "123"},
    ),
    "payments.start_hosted_card": (Action.BILLING_MANAGE, lambda world: {"return_url": URL, "cancel_url": URL}),
    "payments.save_hosted_card": (Action.BILLING_MANAGE, lambda world: {"reference": world.organization.public_id}),
    "payments.make_default": (
        Action.BILLING_MANAGE,
        lambda world: {"method": saved_card(world)},
    ),
    "payments.forget_unused_card": (
        Action.BILLING_MANAGE,
        lambda world: {"method": saved_card(world)},
    ),
    "payments.give_up_payment": (Action.BILLING_MANAGE, lambda world: {"payment": waiting_payment(world)}),
    "payments.answer_bank": (
        Action.BILLING_MANAGE,
        lambda world: {"payment": waiting_payment(world), "confirms": True},
    ),
    "payments.set_up_sandbox_account": (
        Action.BILLING_MANAGE,
        lambda world: {"account": sandbox_account(world), "conduct": "takes"},
    ),
    "payments.remove_method": (
        Action.BILLING_MANAGE,
        lambda world: {"method": saved_card(world)},
    ),
    "keys.create_key": (Action.KEYS_MANAGE, lambda world: {"subscription": world.subscription, "name": "x"}),
    "keys.reveal_signing_secret": (Action.KEYS_MANAGE, lambda world: {"key": world.key}),
    "keys.rotate_key": (Action.KEYS_MANAGE, lambda world: {"key": world.key, "overlap": dt.timedelta(days=1)}),
    "keys.change_key": (Action.KEYS_MANAGE, lambda world: {"key": world.key, "name": "New"}),
    "keys.issue_try_out_key": (Action.KEYS_MANAGE, lambda world: {"subscription": world.subscription}),
    "keys.revoke_key": (Action.KEYS_MANAGE, lambda world: {"key": world.key}),
}


def service(name: str) -> Callable[..., Any]:
    app, function = name.split(".")
    return getattr(importlib.import_module(f"apps.{app}.services"), function)


def in_a_month() -> dt.datetime:
    return clock.now() + dt.timedelta(days=30)


def retiring(world: World) -> Any:
    type(world.product).objects.update(retires_at=in_a_month(), status="unpublished")
    return world.product


def with_next_secret(world: World) -> Any:
    type(world.product).objects.update(next_proxy_secret="afps_next")
    return world.product


def published(world: World) -> Any:
    type(world.product).objects.update(status="published")
    return world.product


def granted(world: World) -> Any:
    organization = world.consumer.organization
    PlanGrant.objects.create(product=world.product, plan_slug=world.plan.slug, organization=organization)
    return organization


def waiting(world: World) -> Any:
    type(world.consumer).objects.filter(pk=world.consumer.pk).update(status="pending_approval")
    return world.consumer


def sibling(world: World) -> Any:
    """Another plan of the product that the organization subscribes to, free like all here."""
    return PlanFactory(tier=world.subscription.plan.tier)


def redeemable(world: World) -> Subscription:
    """With an open checkout, and a coupon for it."""
    subscription = open_checkout(world).subscription
    Coupon.objects.create(product=subscription.product, code="HALF", percent=50, duration="once")
    return subscription


def older_version(world: World) -> Plan:
    old: Plan = PlanFactory(tier=world.tier, slug=world.plan.slug, version=0, withdrawn_at=clock.now())
    return old


def paid(world: World) -> Any:
    type(world.plan).objects.filter(pk=world.subscription.plan_id).update(price_amount=900)
    return world.subscription


def ending(world: World) -> Any:
    type(world.subscription).objects.filter(pk=world.subscription.pk).update(cancel_at_period_end=True)
    return world.subscription


def paused(world: World) -> Any:
    type(world.consumer).objects.filter(pk=world.consumer.pk).update(status="paused")
    return world.consumer


def banned(world: World) -> Any:
    ConsumerBan.objects.get_or_create(
        product=world.consumer.product, organization=world.consumer.organization, lifted_at=None,
        defaults={"banned_at": clock.now()},
    )  # fmt: skip
    return world.consumer


def saved_card(world: World) -> PaymentMethod:
    return PaymentMethodFactory(organization=world.organization)


def payout_details() -> AccountDetails:
    return AccountDetails(
        method="paypal", legal_name="x", address="x", country="DE", currency="USD", paypal_email="a@b.example"
    )


def earned(world: World) -> str:
    """The currency of a balance that can be paid out."""
    PayoutAccountFactory(organization=world.organization)
    earn(world.organization, 5000)
    return "USD"


def open_payout(world: World) -> Payout:
    return request_payout(actor=make_actor(world.organization), currency=earned(world))


def page_of_account(world: World) -> str:
    """Where the provider leads back to, of an organization that it pays."""
    PayoutAccountFactory(organization=world.organization, by_provider=True)
    return URL


def waiting_payment(world: World) -> Payment:
    """A payment that waits for the cardholder to confirm it."""
    method = PaymentMethodFactory(organization=world.organization, behaviour="confirms_always")
    payment = claim_payment(method=method, amount=1000, currency="USD", reference="inv_1", created_by=None)
    return collect_payment(payment=payment)


def sandbox_account(world: World) -> SandboxAccount:
    holder = world.organization.public_id
    return SandboxAccount.objects.create(
        idempotency_key="k", reference="acct", holder=holder, email="a@b.c", country="DE"
    )


def open_checkout(world: World) -> Checkout:
    """A purchase of the organization that is not paid."""
    buyer = make_actor(world.organization)
    return start_checkout(actor=buyer, plan=PlanFactory(price_amount=1000))


def usage_line(subscription: Subscription) -> InvoiceLine:
    return make_usage_invoice(subscription).lines.get()


def services_with_an_actor() -> set[str]:
    """Every public function of an app's services that takes an actor, as `<app>.<service>`."""
    found = set()
    for app in apps.get_app_configs():
        if not app.name.startswith("apps."):
            continue
        try:
            module: ModuleType = importlib.import_module(f"{app.name}.services")
        except ModuleNotFoundError as error:
            if error.name != f"{app.name}.services":
                raise
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__.startswith(module.__name__)
            if own and not name.startswith("_") and "actor" in inspect.signature(function).parameters:
                found.add(f"{app.label}.{name}")
    return found


def test_no_service_is_forgotten() -> None:
    assert services_with_an_actor() == set(SERVICES)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_actor_is_named_never_guessed_from_the_position(name: str) -> None:
    signature = inspect.signature(service(name))
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in signature.parameters.values())


@pytest.mark.parametrize(("action", "role"), list(itertools.product(Action, Role.values)))
def test_the_table(action: Action, role: str) -> None:
    assert allows(role, action) is EXPECTED[action, role]


def test_the_table_is_complete() -> None:
    assert set(ROLES_BY_ACTION) == set(Action)
    assert set(ROWS) == {str(action) for action in Action}


@pytest.mark.parametrize("role", ["", "OWNER", "staff", "\x00"])
def test_an_unknown_role_may_nothing(role: str) -> None:
    assert not any(allows(role, action) for action in Action)


class HostedCards:
    """A provider with a page of its own for cards; a setup has the name of its organization."""

    takes_cards = False

    def start_card_setup(self, **request: str) -> str:
        return URL

    def find_card_setup(self, *, reference: str) -> SavedCard:
        return SavedCard(reference, CardToken(random_base62(16), "visa", "4242", 12, 2060))


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_asks_for_its_action(name: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    action, arguments = SERVICES[name]
    if name.endswith("_hosted_card"):
        settings.PAYMENT_PROVIDER = "stripe"
        monkeypatch.setitem(providers._PROVIDERS, "stripe", HostedCards())
    world = World()
    for actor in [make_actor(world.organization, role) for role in Role.values]:
        own = transaction.atomic()
        # As the test's own transaction, in which services that commit by themselves run, too.
        own._from_testcase = True  # type: ignore[attr-defined]
        with own:
            call = partial(service(name), actor=actor, **arguments(world))
            hold_to_the_table(call, may=EXPECTED[action, actor.role])
            transaction.set_rollback(True)  # the next one finds the same world


def hold_to_the_table(call: Callable[[], Any], *, may: bool) -> None:
    events, changes = AuditEvent.objects.count(), Change.objects.count()
    if may:
        call()
        assert AuditEvent.objects.count() > events, "it leaves an audit event"
    else:
        with pytest.raises(NotAllowed) as refused:
            call()
        assert refused.value.status == 403
        assert AuditEvent.objects.count() == events
        assert Change.objects.count() == changes
