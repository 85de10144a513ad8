"""Subscriptions: who may have one, what ends it, and what its history says."""

import datetime as dt

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, NotFound
from apps.core.models import Change
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.subscriptions import services
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def alice() -> Actor:
    """The creator."""
    return make_actor()


@pytest.fixture
def bob() -> Actor:
    """The consumer."""
    return make_actor()


@pytest.fixture
def plan(alice: Actor) -> Plan:
    return PlanFactory(tier=TierFactory(product=ProductFactory(organization=alice.organization)))


@pytest.fixture
def subscription(bob: Actor, plan: Plan) -> Subscription:
    return services.subscribe(actor=bob, plan=plan)


def history(subscription: Subscription) -> list[tuple[str, str, str]]:
    return list(subscription.changes.order_by("pk").values_list("kind", "from_status", "to_status"))


def announced(subscription: Subscription) -> bool:
    return bool(Change.objects.filter(topic=f"subscription:{subscription.pk}").delete()[0])


class TestSubscribe:
    def test_active_at_once(self, bob: Actor, plan: Plan) -> None:
        before = clock.now()
        subscription = services.subscribe(actor=bob, plan=plan)
        subscription.refresh_from_db()
        assert (subscription.organization, subscription.plan) == (bob.organization, plan)
        assert (subscription.product, subscription.created_by) == (plan.product, bob.user)
        assert subscription.status == SubscriptionStatus.ACTIVE
        assert before <= subscription.started_at <= clock.now()
        assert subscription.started_at == subscription.anchored_at == subscription.current_period_start
        start = subscription.started_at
        assert subscription.current_period_end == period_at("month", "subscription", start, start)[1]
        assert history(subscription) == [("started", "", "active")]
        assert announced(subscription)
        event = AuditEvent.objects.get()
        assert (event.action, event.target, event.organization) == (
            "subscription.started",
            subscription.public_id,
            bob.organization,
        )

    def test_once_for_a_product_whatever_the_plan(self, bob: Actor, plan: Plan, subscription: Subscription) -> None:
        other = PlanFactory(tier=plan.tier)
        for again in (plan, other):
            with pytest.raises(Conflict, match="already"):
                services.subscribe(actor=bob, plan=again)
        assert Subscription.objects.count() == 1
        assert services.subscribe(actor=make_actor(), plan=plan)  # another organization

    def test_again_after_it_was_canceled(self, bob: Actor, plan: Plan, subscription: Subscription) -> None:
        services.cancel_subscription(actor=bob, subscription=subscription)
        assert services.subscribe(actor=bob, plan=plan).status == SubscriptionStatus.ACTIVE

    @pytest.mark.parametrize("change", [{"published_at": None}, {"withdrawn_at": NOW}])
    def test_not_to_a_plan_that_is_not_on_sale(self, bob: Actor, plan: Plan, change: dict[str, object]) -> None:
        Plan.objects.filter(pk=plan.pk).update(**change)  # the caller's plan is an old one
        with pytest.raises(Conflict, match="not on sale"):
            services.subscribe(actor=bob, plan=plan)
        assert not Subscription.objects.exists()

    @pytest.mark.parametrize("status", sorted(set(ProductStatus) - {ProductStatus.PUBLISHED}))
    def test_not_to_a_product_that_is_not_published(self, bob: Actor, plan: Plan, status: str) -> None:
        Product.objects.update(status=status)
        with pytest.raises(Conflict, match="not on sale"):
            services.subscribe(actor=bob, plan=plan)

    def test_not_to_a_plan_that_is_gone(self, bob: Actor, plan: Plan) -> None:
        gone = PlanFactory.build(pk=10**9, product=plan.product, tier=plan.tier)
        with pytest.raises(Conflict):
            services.subscribe(actor=bob, plan=gone)


class TestCancel:
    def test_it_ends_now_and_for_good(self, alice: Actor, bob: Actor, subscription: Subscription) -> None:
        announced(subscription)
        canceled = services.cancel_subscription(actor=bob, subscription=subscription)
        assert canceled.status == SubscriptionStatus.CANCELED
        assert canceled.canceled_at is not None
        assert history(canceled)[-1] == ("canceled", "active", "canceled")
        assert announced(canceled)
        for call in (
            lambda: services.cancel_subscription(actor=bob, subscription=canceled),
            lambda: services.pause_consumer(actor=alice, subscription=canceled),
            lambda: services.resume_consumer(actor=alice, subscription=canceled),
            lambda: services.reset_quota(actor=alice, subscription=canceled),
        ):
            with pytest.raises(Conflict):
                call()

    def test_neither_the_creator_nor_a_stranger_ends_it(self, alice: Actor, subscription: Subscription) -> None:
        for other in (alice, make_actor()):
            with pytest.raises(NotFound):
                services.cancel_subscription(actor=other, subscription=subscription)
        subscription.refresh_from_db()
        assert subscription.status == SubscriptionStatus.ACTIVE


class TestPause:
    def test_the_creator_pauses_and_resumes(self, alice: Actor, subscription: Subscription) -> None:
        announced(subscription)
        paused = services.pause_consumer(actor=alice, subscription=subscription)
        assert paused.status == SubscriptionStatus.PAUSED
        assert paused.paused_at is not None
        assert announced(paused)
        resumed = services.resume_consumer(actor=alice, subscription=paused)
        assert (resumed.status, resumed.paused_at) == (SubscriptionStatus.ACTIVE, None)
        assert announced(resumed)
        assert history(resumed)[1:] == [("paused", "active", "paused"), ("resumed", "paused", "active")]
        assert AuditEvent.objects.get(action="subscription.paused").organization == alice.organization

    def test_the_stored_status_counts_not_the_callers(self, alice: Actor, subscription: Subscription) -> None:
        services.pause_consumer(actor=alice, subscription=subscription)
        assert subscription.status == SubscriptionStatus.ACTIVE  # an old copy
        with pytest.raises(Conflict):
            services.pause_consumer(actor=alice, subscription=subscription)

    def test_neither_the_consumer_nor_a_stranger(self, alice: Actor, bob: Actor, subscription: Subscription) -> None:
        for other in (bob, make_actor()):
            for service in (services.pause_consumer, services.resume_consumer, services.reset_quota):
                with pytest.raises(NotFound):
                    service(actor=other, subscription=subscription)

    def test_canceling_and_subscribing_again_is_no_way_out(
        self, alice: Actor, bob: Actor, plan: Plan, subscription: Subscription
    ) -> None:
        services.pause_consumer(actor=alice, subscription=subscription)
        services.cancel_subscription(actor=bob, subscription=subscription)
        for _ in range(2):  # nor is canceling the request
            again = services.subscribe(actor=bob, plan=plan)
            assert history(again) == [("started", "", "pending_approval")]
            services.cancel_subscription(actor=bob, subscription=again)
        again = services.subscribe(actor=bob, plan=plan)
        approved = services.approve_consumer(actor=alice, subscription=again)
        assert approved.status == SubscriptionStatus.ACTIVE
        services.cancel_subscription(actor=bob, subscription=approved)
        assert services.subscribe(actor=bob, plan=plan).status == SubscriptionStatus.ACTIVE

    def test_a_pause_is_of_one_product_and_one_organization(
        self, alice: Actor, bob: Actor, plan: Plan, subscription: Subscription
    ) -> None:
        services.pause_consumer(actor=alice, subscription=subscription)
        services.cancel_subscription(actor=bob, subscription=subscription)
        assert services.subscribe(actor=make_actor(), plan=plan).status == SubscriptionStatus.ACTIVE
        assert services.subscribe(actor=bob, plan=PlanFactory()).status == SubscriptionStatus.ACTIVE


class TestResetQuota:
    def test_raises_the_epoch(self, alice: Actor, subscription: Subscription) -> None:
        announced(subscription)
        for epoch in (1, 2):
            assert services.reset_quota(actor=alice, subscription=subscription).quota_epoch == epoch
        subscription.refresh_from_db()
        assert subscription.quota_epoch == 2
        assert history(subscription)[-1] == ("quota_reset", "active", "active")
        assert announced(subscription)

    def test_a_subscription_that_is_gone_is_not_found(self, alice: Actor) -> None:
        with pytest.raises(NotFound):
            services.reset_quota(actor=alice, subscription=SubscriptionFactory.build(pk=10**9))
