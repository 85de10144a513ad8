"""Reads of subscriptions: a consumer sees theirs, a creator those to their product, nobody else any."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.accounts.enums import Role
from apps.accounts.models import User
from apps.accounts.selectors import get_personal_organization
from apps.core.errors import NotFound
from apps.products.enums import ProductStatus
from apps.subscriptions import selectors
from apps.subscriptions.enums import SubscriptionStatus
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import ProductFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.queries import assert_flat, count_queries

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
HOSTILE = ["", "\x00", "\ud800", "%", "x" * 100_000, "sub_"]


class TestScope:
    def test_a_consumer_sees_their_own(self) -> None:
        bob, foreign = make_actor(), SubscriptionFactory()
        own = SubscriptionFactory(organization=bob.organization)
        assert list(selectors.list_subscriptions(bob)) == [own]
        assert selectors.get_subscription(bob, public_id=own.public_id) == own
        for public_id in (foreign.public_id, *HOSTILE):
            with pytest.raises(NotFound):
                selectors.get_subscription(bob, public_id=public_id)

    def test_a_creator_sees_those_to_their_product(self) -> None:
        subscription, other = SubscriptionFactory(), SubscriptionFactory()
        alice = make_actor(subscription.product.organization)
        assert list(selectors.list_consumers(alice, subscription.product)) == [subscription]
        assert selectors.get_consumer(alice, subscription.product, public_id=subscription.public_id) == subscription
        assert not selectors.list_consumers(alice, other.product)
        for product, public_id in [
            (other.product, other.public_id),
            (subscription.product, other.public_id),
            *((subscription.product, text) for text in HOSTILE),
        ]:
            with pytest.raises(NotFound):
                selectors.get_consumer(alice, product, public_id=public_id)

    def test_a_consumer_is_not_a_creator(self) -> None:
        subscription = SubscriptionFactory()
        bob = make_actor(subscription.organization)
        assert not selectors.list_consumers(bob, subscription.product)
        assert not selectors.search_consumers(bob, subscription.product)

    def test_the_live_one_of_a_product(self) -> None:
        bob = make_actor()
        canceled = SubscriptionFactory(organization=bob.organization, status="canceled", canceled_at=NOW)
        assert selectors.find_live_subscription(bob, canceled.product) is None
        for status in sorted(SubscriptionStatus.live()):
            live = SubscriptionFactory(organization=bob.organization, status=status)
            assert selectors.find_live_subscription(bob, live.product) == live
            assert selectors.find_live_subscription(make_actor(), live.product) is None


class TestOrder:
    def test_live_ones_first_the_newest_at_the_top(self) -> None:
        bob = make_actor()
        made = {}
        for name, canceled_at in [("old", None), ("ended early", NOW), ("ended late", NOW + DAY), ("new", None)]:
            status = "canceled" if canceled_at else "active"
            made[SubscriptionFactory(organization=bob.organization, status=status, canceled_at=canceled_at).pk] = name
        names = [made[row.pk] for row in selectors.list_subscriptions(bob)]
        assert names == ["new", "old", "ended late", "ended early"]

    def test_consumers_too(self) -> None:
        plan = PlanFactory()
        alice = make_actor(plan.product.organization)
        ended = SubscriptionFactory(plan=plan, status="canceled", canceled_at=NOW)
        old, new = SubscriptionFactory(plan=plan), SubscriptionFactory(plan=plan)
        assert list(selectors.list_consumers(alice, plan.product)) == [new, old, ended]


class TestSearch:
    def test_by_words_status_and_plan(self) -> None:
        plan = PlanFactory(slug="pro")
        alice = make_actor(plan.product.organization)
        acme = SubscriptionFactory(plan=plan, organization__name="Acme Labs")
        other = PlanFactory(tier=plan.tier, slug="free")
        paused = SubscriptionFactory(plan=other, organization__name="Zeta Labs", status="paused")

        def found(**filters: str) -> set[Any]:
            return set(selectors.search_consumers(alice, plan.product, **filters))

        assert found() == {acme, paused}
        assert found(search="labs acme") == {acme}
        assert found(status="paused") == {paused}
        assert found(plan_slug="free") == {paused}
        assert found(search="acme", status="paused") == set()
        for text in ("\x00", "\ud800", "x" * 1000):
            assert found(status=text) == set()
            assert found(plan_slug=text) == set()
            assert found(search=f"none {text}") == set()


class TestVisibleProduct:
    @pytest.mark.parametrize("status", ProductStatus.values)
    def test_who_may_look_at_a_product(self, status: str) -> None:
        product = ProductFactory(status=status)
        plan = PlanFactory(tier__product=product)
        creator = make_actor(product.organization).user
        consumer = make_actor(SubscriptionFactory(plan=plan).organization).user
        former = make_actor(SubscriptionFactory(plan=plan, status="canceled", canceled_at=NOW).organization).user
        stranger = make_actor().user
        for user in (creator, consumer):
            assert selectors.get_visible_product(user=user, slug=product.slug) == product
        for user in (former, stranger, AnonymousUser()):
            if status == ProductStatus.PUBLISHED:
                assert selectors.get_visible_product(user=user, slug=product.slug) == product
            else:
                with pytest.raises(NotFound):
                    selectors.get_visible_product(user=user, slug=product.slug)

    @pytest.mark.parametrize("slug", HOSTILE)
    def test_any_text_gets_an_answer(self, slug: str) -> None:
        with pytest.raises(NotFound):
            selectors.get_visible_product(user=make_actor().user, slug=slug)


class TestCounts:
    def test_live_subscriptions_of_many_products(self) -> None:
        plans = PlanFactory.create_batch(3)
        for plan in plans[:2]:
            SubscriptionFactory(plan=plan)
            SubscriptionFactory(plan=plan, status="canceled", canceled_at=NOW)
        SubscriptionFactory(plan=plans[1], status="paused")
        products = [plan.product for plan in plans]
        assert selectors.count_live_subscriptions(products) == {products[0].pk: 1, products[1].pk: 2}
        assert count_queries(lambda: selectors.count_live_subscriptions(products)) == 1
        assert [selectors.count_subscribers(plan) for plan in plans] == [1, 2, 0]


class TestQueries:
    def test_a_consumers_list(self) -> None:
        bob = make_actor()

        def grow(number: int) -> None:
            SubscriptionFactory.create_batch(number, organization=bob.organization)

        def read() -> list[Any]:
            return [
                (row.product.name, row.product.organization.name, row.plan.name, row.plan.tier.name)
                for row in selectors.list_subscriptions(bob)
            ]

        assert_flat(grow, read)

    def test_with_quotas(self) -> None:
        bob = make_actor()

        def grow(number: int) -> None:
            for row in SubscriptionFactory.create_batch(number, organization=bob.organization):
                QuotaFactory(plan=row.plan)

        def read() -> list[Any]:
            return [[str(quota) for quota in row.plan.quotas.all()] for row in selectors.list_live_subscriptions(bob)]

        assert_flat(grow, read)

    def test_a_creators_list(self) -> None:
        plan = PlanFactory()
        alice = make_actor(plan.product.organization)

        def read() -> list[Any]:
            return [
                (row.organization.name, row.plan.name, row.plan.tier.name, row.product.name)
                for row in selectors.list_consumers(alice, plan.product)
            ]

        assert_flat(lambda number: SubscriptionFactory.create_batch(number, plan=plan), read)

    def test_the_history(self) -> None:
        subscription = SubscriptionFactory()

        def grow(number: int) -> None:
            for _ in range(number):
                subscription.changes.create(
                    kind="quota_reset",
                    to_status="active",
                    from_plan=PlanFactory(),
                    to_plan=subscription.plan,
                    actor=make_actor().user,
                    occurred_at=NOW,
                )

        def read() -> list[Any]:
            return [
                (row.actor and row.actor.email, row.from_plan and row.from_plan.name, row.to_plan.name)
                for row in selectors.list_changes(subscription)
            ]

        assert_flat(grow, read)


def test_a_person_begins_where_something_is_bought_or_sold() -> None:
    person = User.objects.create_user("someone@example.net")
    personal = get_personal_organization(person)
    viewed = MembershipFactory(user=person, role=Role.VIEWER).organization
    owned = MembershipFactory(user=person, role=Role.OWNER).organization
    assert selectors.get_home_organization(person) == personal
    SubscriptionFactory(organization=viewed)
    assert selectors.get_home_organization(person) == viewed
    ProductFactory(organization=owned)
    assert selectors.get_home_organization(person) == owned
    SubscriptionFactory(organization=personal)
    assert selectors.get_home_organization(person) == personal
