"""Who may do what: the table, and every service of every app held to it."""

import importlib
import inspect
import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from apps.accounts import services as account_services
from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Invitation
from apps.accounts.permissions import ROLES_BY_ACTION, Action, allows
from apps.core.errors import NotAllowed
from apps.core.models import Change
from apps.keys import services as key_services
from apps.plans import services as plan_services
from apps.plans.specs import PlanSpec
from apps.products import services as product_services
from apps.subscriptions import services as subscription_services
from tests.factories.accounts import MembershipFactory, OrganizationFactory
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory

TABLE = """
                      owner admin developer viewer
view                    x     x       x       x
organization.manage     x     .       .       .
members.manage          x     x       .       .
audit.view              x     x       .       .
products.edit           x     x       x       .
products.publish        x     x       .       .
plans.edit              x     x       .       .
consumers.manage        x     x       .       .
subscriptions.manage    x     x       .       .
keys.manage             x     x       x       .
"""
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.strip().splitlines()[1:]}
EXPECTED = {
    (action, role): mark == "x"
    for action, marks in ROWS.items()
    for role, mark in zip(["owner", "admin", "developer", "viewer"], marks, strict=True)
}

Call = Callable[[Actor], Any]


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
        self.plan = PlanFactory(tier=self.tier)
        self.draft_plan = PlanFactory(tier=self.tier, published_at=None)
        self.consumer = SubscriptionFactory(plan=self.plan)
        self.subscription = SubscriptionFactory(organization=self.organization)
        self.key = ApiKeyFactory(subscription=self.subscription)
        self.plan_of_others = PlanFactory()


def route(world: World) -> dict[str, Any]:
    return {"method": "GET", "path": "/new", "tier": world.tier}


URL = "https://backend.example.com"
# Every service that takes an actor, with the action that it needs and a call of it that would succeed.
SERVICES: dict[str, tuple[Action, Callable[[World], Call]]] = {
    "accounts.rename_organization": (
        Action.ORGANIZATION_MANAGE,
        lambda world: lambda actor: account_services.rename_organization(actor=actor, name="New"),
    ),
    "accounts.invite_member": (
        Action.MEMBERS_MANAGE,
        lambda world: lambda actor: account_services.invite_member(actor=actor, email="x@example.com", role="viewer"),
    ),
    "accounts.withdraw_invitation": (
        Action.MEMBERS_MANAGE,
        lambda world: (
            lambda actor: account_services.withdraw_invitation(actor=actor, invitation_id=world.invitation.pk)
        ),
    ),
    "accounts.change_role": (
        Action.MEMBERS_MANAGE,
        lambda world: (
            lambda actor: account_services.change_role(actor=actor, member_id=world.other_member.pk, role="developer")
        ),
    ),
    "accounts.remove_member": (
        Action.MEMBERS_MANAGE,
        lambda world: lambda actor: account_services.remove_member(actor=actor, member_id=world.other_member.pk),
    ),
    "products.create_product": (
        Action.PRODUCTS_EDIT,
        lambda world: (
            lambda actor: product_services.create_product(actor=actor, name="New", slug="new-product", upstream_url=URL)
        ),
    ),
    "products.update_product": (
        Action.PRODUCTS_EDIT,
        lambda world: (
            lambda actor: product_services.update_product(
                actor=actor, product=world.product, name="New", upstream_url=URL
            )
        ),
    ),
    "products.set_billable_statuses": (
        Action.PLANS_EDIT,
        lambda world: (
            lambda actor: product_services.set_billable_statuses(actor=actor, product=world.product, statuses=[200])
        ),
    ),
    "products.publish_product": (
        Action.PRODUCTS_PUBLISH,
        lambda world: lambda actor: product_services.publish_product(actor=actor, product=world.product),
    ),
    "products.unpublish_product": (
        Action.PRODUCTS_PUBLISH,
        lambda world: lambda actor: product_services.unpublish_product(actor=actor, product=published(world)),
    ),
    "products.rotate_proxy_secret": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.rotate_proxy_secret(actor=actor, product=world.product),
    ),
    "products.add_tier": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.add_tier(actor=actor, product=world.product, name="New"),
    ),
    "products.rename_tier": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.rename_tier(actor=actor, tier=world.tier, name="New"),
    ),
    "products.remove_tier": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.remove_tier(actor=actor, tier=world.spare_tier),
    ),
    "products.add_endpoint": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.add_endpoint(actor=actor, product=world.product, **route(world)),
    ),
    "products.update_endpoint": (
        Action.PRODUCTS_EDIT,
        lambda world: (
            lambda actor: product_services.update_endpoint(actor=actor, endpoint=world.endpoint, **route(world))
        ),
    ),
    "products.deprecate_endpoint": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.deprecate_endpoint(actor=actor, endpoint=world.endpoint),
    ),
    "products.undeprecate_endpoint": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.undeprecate_endpoint(actor=actor, endpoint=world.endpoint),
    ),
    "products.remove_endpoint": (
        Action.PRODUCTS_EDIT,
        lambda world: lambda actor: product_services.remove_endpoint(actor=actor, endpoint=world.endpoint),
    ),
    "plans.create_plan": (
        Action.PLANS_EDIT,
        lambda world: (
            lambda actor: plan_services.create_plan(
                actor=actor, product=world.product, spec=PlanSpec("New", world.tier.slug)
            )
        ),
    ),
    "plans.revise_plan": (
        Action.PLANS_EDIT,
        lambda world: (
            lambda actor: plan_services.revise_plan(actor=actor, plan=world.plan, spec=PlanSpec("New", world.tier.slug))
        ),
    ),
    "plans.publish_plan": (
        Action.PLANS_EDIT,
        lambda world: lambda actor: plan_services.publish_plan(actor=actor, plan=world.draft_plan),
    ),
    "plans.withdraw_plan": (
        Action.PLANS_EDIT,
        lambda world: lambda actor: plan_services.withdraw_plan(actor=actor, plan=world.plan),
    ),
    "subscriptions.subscribe": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: lambda actor: subscription_services.subscribe(actor=actor, plan=world.plan_of_others),
    ),
    "subscriptions.cancel_subscription": (
        Action.SUBSCRIPTIONS_MANAGE,
        lambda world: (
            lambda actor: subscription_services.cancel_subscription(actor=actor, subscription=world.subscription)
        ),
    ),
    "subscriptions.pause_consumer": (
        Action.CONSUMERS_MANAGE,
        lambda world: lambda actor: subscription_services.pause_consumer(actor=actor, subscription=world.consumer),
    ),
    "subscriptions.resume_consumer": (
        Action.CONSUMERS_MANAGE,
        lambda world: lambda actor: subscription_services.resume_consumer(actor=actor, subscription=paused(world)),
    ),
    "subscriptions.reset_quota": (
        Action.CONSUMERS_MANAGE,
        lambda world: lambda actor: subscription_services.reset_quota(actor=actor, subscription=world.consumer),
    ),
    "keys.create_key": (
        Action.KEYS_MANAGE,
        lambda world: lambda actor: key_services.create_key(actor=actor, subscription=world.subscription, name="x"),
    ),
    "keys.revoke_key": (
        Action.KEYS_MANAGE,
        lambda world: lambda actor: key_services.revoke_key(actor=actor, key=world.key),
    ),
}


def published(world: World) -> Any:
    type(world.product).objects.update(status="published")
    return world.product


def paused(world: World) -> Any:
    type(world.consumer).objects.filter(pk=world.consumer.pk).update(status="paused")
    return world.consumer


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
    app, service = name.split(".")
    signature = inspect.signature(getattr(importlib.import_module(f"apps.{app}.services"), service))
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


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_asks_for_its_action(name: str) -> None:
    action, prepare = SERVICES[name]
    world = World()
    actors = [make_actor(world.organization, role) for role in Role.values]
    call = prepare(world)
    for actor in actors:
        with transaction.atomic():
            hold_to_the_table(call, actor, may=EXPECTED[action, actor.role])
            transaction.set_rollback(True)  # the next one finds the same world


def hold_to_the_table(call: Call, actor: Actor, *, may: bool) -> None:
    events, changes = AuditEvent.objects.count(), Change.objects.count()
    if may:
        call(actor)
        assert AuditEvent.objects.count() > events, "it leaves an audit event"
    else:
        with pytest.raises(NotAllowed) as refused:
            call(actor)
        assert refused.value.status == 403
        assert AuditEvent.objects.count() == events
        assert Change.objects.count() == changes
