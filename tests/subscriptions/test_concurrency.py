"""Subscribing, revising and pausing at the same moment: one subscription, one version on sale, no deadlock."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.db.models import Q

from apps.core.errors import Conflict
from apps.keys import services as key_services
from apps.keys.models import ApiKey
from apps.plans.models import Plan
from apps.plans.services import create_plan, publish_plan, revise_plan, withdraw_plan
from apps.plans.specs import PlanSpec
from apps.products import services as product_services
from apps.products.enums import ProductStatus
from apps.products.models import Endpoint, Product
from apps.subscriptions import services
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.threads import WAIT_SECONDS, at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_double_click_gives_one_subscription(round_: int) -> None:
    plan, bob = PlanFactory(), make_actor()
    outcomes = at_once(*[lambda: services.subscribe(actor=bob, plan=plan)] * 3)
    assert refusals(outcomes) == [Conflict, Conflict]
    assert Subscription.objects.get().changes.count() == 1


def test_two_members_give_one_subscription_too() -> None:
    plan, bob = PlanFactory(), make_actor()
    carol = make_actor(bob.organization)
    outcomes = at_once(
        lambda: services.subscribe(actor=bob, plan=plan),
        lambda: services.subscribe(actor=carol, plan=plan),
    )
    assert refusals(outcomes) == [Conflict]
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("on_sale", [True, False])
def test_two_revisions_of_a_plan_give_one(round_: int, on_sale: bool) -> None:
    tier = TierFactory()
    alice = make_actor(tier.product.organization)
    plan = create_plan(actor=alice, product=tier.product, spec=PlanSpec("Pro", tier.slug))
    if on_sale:
        plan = publish_plan(actor=alice, plan=plan)
    outcomes = at_once(
        *[
            lambda n=name: revise_plan(actor=alice, plan=plan, spec=PlanSpec(n, tier.slug))
            for name in ("Gold", "Silver", "Bronze")
        ]
    )
    if on_sale:
        assert refusals(outcomes) == [Conflict, Conflict]
        assert Plan.objects.on_sale().get().version == 2
        assert Plan.objects.count() == 2
    else:
        assert refusals(outcomes) == []  # the last one stands
        assert Plan.objects.get().name in {"Gold", "Silver", "Bronze"}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_plan_is_published_once(round_: int) -> None:
    tier = TierFactory()
    alice = make_actor(tier.product.organization)
    plan = create_plan(actor=alice, product=tier.product, spec=PlanSpec("Pro", tier.slug))
    outcomes = at_once(*[lambda: publish_plan(actor=alice, plan=plan)] * 2)
    assert refusals(outcomes) == [Conflict]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_plans_of_one_name_get_slugs_of_their_own(round_: int) -> None:
    tier = TierFactory()
    alice = make_actor(tier.product.organization)
    outcomes = at_once(
        *[
            lambda n=name: create_plan(actor=alice, product=tier.product, spec=PlanSpec(n, tier.slug))
            for name in ("Pro", "Pro!", "pro")
        ]
    )
    assert len(refusals(outcomes)) == 1  # “pro” or “Pro”
    assert sorted(Plan.objects.values_list("slug", "version")) == [("pro", 1), ("pro-2", 1)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_revising_while_somebody_subscribes_is_no_deadlock(round_: int) -> None:
    tier = TierFactory()
    alice, bob = make_actor(tier.product.organization), make_actor()
    plan = publish_plan(
        actor=alice, plan=create_plan(actor=alice, product=tier.product, spec=PlanSpec("Pro", tier.slug))
    )
    revised, subscribed = at_once(
        lambda: revise_plan(actor=alice, plan=plan, spec=PlanSpec("Pro", tier.slug, price_amount=999)),
        lambda: services.subscribe(actor=bob, plan=plan),
    )
    assert isinstance(revised, Plan)
    if isinstance(subscribed, Subscription):
        assert subscribed.plan == plan
        assert subscribed.started_at <= Plan.objects.get(pk=plan.pk).withdrawn_at, "on sale when it was bought"
    else:
        assert isinstance(subscribed, Conflict)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_unpublishing_and_withdrawing_while_somebody_subscribes(round_: int) -> None:
    plan = PlanFactory()
    alice, bob = make_actor(plan.product.organization), make_actor()
    outcomes = at_once(
        lambda: product_services.unpublish_product(actor=alice, product=plan.product),
        lambda: withdraw_plan(actor=alice, plan=plan),
        lambda: services.subscribe(actor=bob, plan=plan),
    )
    assert set(refusals(outcomes)) <= {Conflict}
    assert not isinstance(outcomes[0], Exception)
    assert not isinstance(outcomes[1], Exception)
    assert Product.objects.get(pk=plan.product.pk).status == ProductStatus.UNPUBLISHED


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_pausing_and_canceling_leaves_one_end(round_: int) -> None:
    subscription = SubscriptionFactory()
    alice = make_actor(subscription.product.organization)
    membership = MembershipFactory(organization=subscription.organization)
    bob = make_actor(membership.organization)
    outcomes = at_once(
        lambda: services.pause_consumer(actor=alice, subscription=subscription),
        lambda: services.cancel_subscription(actor=bob, subscription=subscription),
        lambda: services.cancel_subscription(actor=bob, subscription=subscription),
    )
    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELED
    assert refusals(outcomes[1:]) == [Conflict]
    assert subscription.changes.filter(kind="canceled").count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_resets_at_once_all_count(round_: int) -> None:
    subscription = SubscriptionFactory()
    alice = make_actor(subscription.product.organization)
    assert refusals(at_once(*[lambda: services.reset_quota(actor=alice, subscription=subscription)] * 4)) == []
    subscription.refresh_from_db()
    assert subscription.quota_epoch == 4


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_limit_of_keys_holds(round_: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_services, "KEYS_MAX", 3)
    subscription = SubscriptionFactory()
    bob = make_actor(subscription.organization)
    outcomes = at_once(
        *[lambda: key_services.create_key(actor=bob, subscription=subscription, name="x")] * 6,
    )
    assert refusals(outcomes) == [Conflict] * 3
    assert ApiKey.objects.filter(subscription=subscription).count() == 3


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_key_is_made_for_a_subscription_that_ends(round_: int) -> None:
    subscription = SubscriptionFactory()
    bob = make_actor(subscription.organization)
    canceled, key = at_once(
        lambda: services.cancel_subscription(actor=bob, subscription=subscription),
        lambda: key_services.create_key(actor=bob, subscription=subscription, name="x"),
    )
    assert isinstance(canceled, Subscription)
    if isinstance(key, tuple):
        assert key[0].created_at <= canceled.canceled_at
    else:
        assert isinstance(key, Conflict)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_same_route_is_added_once(round_: int) -> None:
    tier = TierFactory()
    alice = make_actor(tier.product.organization)
    outcomes = at_once(
        *[
            lambda p=path: product_services.add_endpoint(
                actor=alice, product=tier.product, method="GET", path=p, tier=tier
            )
            for path in ("/users/{id}", "/users/{name}", "/users/{x}")
        ]
    )
    assert refusals(outcomes) == [Conflict, Conflict]
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_tier_is_used_or_removed_never_both(round_: int) -> None:
    product = ProductFactory()
    TierFactory(product=product, rank=0)
    tier = TierFactory(product=product, rank=1)
    alice = make_actor(product.organization)
    added, removed = at_once(
        lambda: product_services.add_endpoint(actor=alice, product=product, method="GET", path="/x", tier=tier),
        lambda: product_services.remove_tier(actor=alice, tier=tier),
    )
    assert isinstance(added, Endpoint) is isinstance(removed, Conflict)


def test_who_waits_while_the_plan_changes_gets_the_subscription_with_its_new_plan() -> None:
    subscription = SubscriptionFactory()
    target = PlanFactory(tier=subscription.plan.tier)
    is_locked = threading.Event()

    def changes() -> None:
        with transaction.atomic():
            locked = lock_subscription(subscription, Q())
            is_locked.set()
            _until_somebody_waits_for_a_lock()
            locked.plan = target
            locked.save()

    def waits() -> tuple[int, str]:
        assert is_locked.wait(WAIT_SECONDS)
        with transaction.atomic():
            found = lock_subscription(subscription, Q(organization=subscription.organization))
            return found.plan_id, found.plan.name

    assert at_once(changes, waits) == [None, (target.pk, target.name)]


def _until_somebody_waits_for_a_lock() -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
