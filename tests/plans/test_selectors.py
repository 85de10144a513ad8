"""Reads of plans: what is on sale, what a creator has, and which plan opens an endpoint."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.core.errors import NotFound
from apps.plans import selectors
from apps.plans.models import Plan, PlanGrant
from apps.products.models import Product
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.queries import assert_flat, count_queries

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def product() -> Product:
    return ProductFactory()


@pytest.fixture
def plans(product: Product) -> dict[str, Plan]:
    """One plan in each state, and one of another product."""
    tier = TierFactory(product=product)
    return {
        "on sale": PlanFactory(tier=tier, slug="a"),
        "draft": PlanFactory(tier=tier, slug="b", published_at=None),
        "replaced": PlanFactory(tier=tier, slug="c", withdrawn_at=NOW),
        "foreign": PlanFactory(slug="a"),
    }


class TestStates:
    def test_what_is_on_sale(self, product: Product, plans: dict[str, Plan]) -> None:
        assert list(selectors.list_plans_on_sale(product)) == [plans["on sale"]]
        assert selectors.get_plan_on_sale(product, slug="a") == plans["on sale"]
        for slug in ("b", "c", "", "\x00", "\ud800"):
            with pytest.raises(NotFound):
                selectors.get_plan_on_sale(product, slug=slug)

    def test_what_a_creator_works_with(self, product: Product, plans: dict[str, Plan]) -> None:
        assert set(selectors.list_plans(product)) == {plans["on sale"], plans["draft"]}
        for state in ("on sale", "draft", "replaced"):
            assert selectors.get_plan(product, public_id=plans[state].public_id) == plans[state]
        for public_id in (plans["foreign"].public_id, "", "\x00", "plan_x"):
            with pytest.raises(NotFound):
                selectors.get_plan(product, public_id=public_id)

    def test_the_version_that_was_replaced_last(self, product: Product) -> None:
        tier = TierFactory(product=product)
        for version in (1, 2):
            last = PlanFactory(tier=tier, slug="pro", version=version, withdrawn_at=NOW)
        PlanFactory(tier=tier, slug="pro", version=3)
        PlanFactory(tier=tier, slug="pro", version=4, published_at=None, withdrawn_at=NOW)  # a draft that went away
        assert selectors.find_replaced_plan(AnonymousUser(), product, slug="pro") == last
        assert selectors.find_replaced_plan(AnonymousUser(), product, slug="\x00") is None

    def test_live_subscribers_are_counted(self, product: Product, plans: dict[str, Plan]) -> None:
        plan = plans["on sale"]
        for status in ("active", "paused", "past_due", "canceled", "canceled"):
            SubscriptionFactory(plan=plan, status=status)
        QuotaFactory.create_batch(1, plan=plan)
        counts = {row.pk: row.live_subscriptions for row in selectors.list_plans(product)}
        assert counts == {plan.pk: 3, plans["draft"].pk: 0}


class TestPrivate:
    def test_only_for_those_who_were_named(self, product: Product) -> None:
        tier = TierFactory(product=product)
        public, private = PlanFactory(tier=tier), PlanFactory(tier=tier, slug="vip", visibility="private")
        gone = PlanFactory(tier=tier, slug="was-vip", visibility="private", withdrawn_at=NOW)
        bob, stranger = make_actor(), make_actor()
        for slug in ("vip", "was-vip"):
            PlanGrant.objects.create(product=product, plan_slug=slug, organization=bob.organization)
            foreign = PlanFactory(slug=slug, visibility="private").product
            PlanGrant.objects.create(product=foreign, plan_slug=slug, organization=stranger.organization)
        assert set(selectors.list_plans_for(bob.organization, product)) == {public, private}
        assert set(selectors.list_plans_seen_by(bob.user, product)) == {public, private}
        assert selectors.get_plan_seen_by(bob.user, product, slug="vip") == private
        assert selectors.find_replaced_plan(bob.user, product, slug="was-vip") == gone
        assert list(selectors.list_plans_for(stranger.organization, product)) == [public]
        for visitor in (stranger.user, AnonymousUser()):
            assert list(selectors.list_plans_seen_by(visitor, product)) == [public]
            assert selectors.find_replaced_plan(visitor, product, slug="was-vip") is None
            with pytest.raises(NotFound):
                selectors.get_plan_seen_by(visitor, product, slug="vip")

    def test_a_person_sees_what_was_granted_to_any_of_their_organizations_once(self, product: Product) -> None:
        private = PlanFactory(tier=TierFactory(product=product), visibility="private")
        bob = make_actor()
        others = [MembershipFactory(user=bob.user).organization for _ in range(2)]
        for organization in others:
            PlanGrant.objects.create(product=product, plan_slug=private.slug, organization=organization)
        assert list(selectors.list_plans_seen_by(bob.user, product)) == [private]
        assert not selectors.list_plans_for(bob.organization, product)
        assert not selectors.cheapest_plans([product]), "lists for everybody never show it"
        assert selectors.list_grants_by_slug(product) == {private.slug: frozenset(one.pk for one in others)}


class TestVersions:
    def test_newest_first_with_their_subscribers(self, product: Product) -> None:
        tier = TierFactory(product=product)
        versions = [
            PlanFactory(tier=tier, slug="pro", version=number, withdrawn_at=NOW if number < 3 else None)
            for number in (1, 2, 3)
        ]
        PlanFactory(tier=tier, slug="other")
        PlanFactory(slug="pro")
        SubscriptionFactory.create_batch(2, plan=versions[0])
        SubscriptionFactory(plan=versions[1], status="canceled")
        found = selectors.list_versions(versions[1])
        assert [(plan.version, plan.live_subscriptions) for plan in found] == [(3, 0), (2, 0), (1, 2)]


class TestCheapest:
    def test_that_opens_an_endpoint_by_what_one_begins_with(self, product: Product) -> None:
        low, high = TierFactory(product=product, rank=1), TierFactory(product=product, rank=2)
        PlanFactory(tier=high, price_amount=6000, interval="year")
        PlanFactory(tier=high, price_amount=900)
        lasting = PlanFactory(tier=high, price_amount=800, interval="year")
        weekly = PlanFactory(tier=low, price_amount=100, interval="week")
        PlanFactory(tier=high, price_amount=800)
        plans = selectors.list_plans_on_sale(product)
        assert selectors.cheapest_opening(plans, 2) == lasting
        assert selectors.cheapest_opening(plans, 1) == weekly
        assert selectors.cheapest_opening(plans, 3) is None
        assert selectors.cheapest_plans([product]) == {product.pk: (weekly, None)}

    def test_of_many_products_at_once(self) -> None:
        tiers = TierFactory.create_batch(5)
        cheap = {tier.product_id: (PlanFactory(tier=tier, price_amount=5), None) for tier in tiers}
        free = PlanFactory(tier=tiers[0], price_amount=0)
        cheap[tiers[0].product_id] = (free, cheap[tiers[0].product_id][0])
        for tier in tiers:
            PlanFactory(tier=tier, price_amount=9)
            PlanFactory(tier=tier, price_amount=1, withdrawn_at=NOW)
        without = ProductFactory()
        products = [*(tier.product for tier in tiers), without]
        assert selectors.cheapest_plans(products) == cheap
        assert count_queries(lambda: selectors.cheapest_plans(products)) == 2


class TestQueries:
    @pytest.mark.parametrize("selector", [selectors.list_plans_on_sale, selectors.list_plans])
    def test_lists(self, product: Product, selector: Any) -> None:
        tier = TierFactory(product=product)
        endpoint = EndpointFactory(tier=tier)

        def grow(number: int) -> None:
            for plan in PlanFactory.create_batch(number, tier=tier):
                QuotaFactory(plan=plan)
                RateLimitFactory(plan=plan)
                RateLimitFactory(plan=plan, endpoint=endpoint)

        def read() -> list[Any]:
            return [
                (
                    plan.tier.name,
                    [str(quota) for quota in plan.quotas.all()],
                    [(str(limit), limit.endpoint and limit.endpoint.path) for limit in plan.rate_limits.all()],
                )
                for plan in selector(product)
            ]

        assert_flat(grow, read)
