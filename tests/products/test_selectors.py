"""Reads of products: the marketplace shows what is published, the studio what is one's own."""

from typing import Any

import pytest

from apps.core.errors import NotFound
from apps.products import selectors
from apps.products.enums import ProductStatus
from tests.factories.actors import make_actor
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.queries import assert_flat, count_queries

pytestmark = pytest.mark.django_db
HOSTILE = ["", "\x00", "a\x00", "\ud800", "%", "_", "\\", "'; --", "x" * 100_000, "é", "\u202e"]


class TestMarketplace:
    @pytest.mark.parametrize("status", ProductStatus.values)
    def test_only_what_is_published(self, status: str) -> None:
        product = ProductFactory(status=status)
        listed = status == ProductStatus.PUBLISHED
        assert (product in selectors.list_listed_products()) is listed

    def test_every_word_of_a_search_counts(self) -> None:
        rain = ProductFactory(name="Rain radar", tagline="Where it falls", organization__name="Cloud Works")
        ProductFactory(name="Rain barrel", organization__name="Garden Works")
        for search in ("radar", "RAIN radar", "rain cloud", "falls", " radar \n rain ", "radar\x00rain"):
            assert list(selectors.list_listed_products(search=search)) == [rain], search
        assert selectors.list_listed_products(search="rain").count() == 2
        assert not selectors.list_listed_products(search="rain snow")

    def test_signs_of_patterns_are_only_signs(self) -> None:
        ProductFactory(name="Plain")
        percent = ProductFactory(name="100% sure_thing \\")
        for search in ("%", "_", "\\", "0% s"):
            assert not selectors.list_listed_products(search=search), search
        assert list(selectors.list_listed_products(search="100% sure")) == [percent]

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_gets_an_answer(self, text: str) -> None:
        product = ProductFactory()
        assert list(selectors.list_listed_products(search=text)) in ([], [product])
        for call in (
            lambda: selectors.get_endpoint(product, public_id=text),
            lambda: selectors.get_tier(product, slug=text),
            lambda: selectors.get_product(make_actor(product.organization), slug=text),
        ):
            with pytest.raises(NotFound):
                call()
        assert selectors.find_endpoint(product, public_id=text) is None
        assert not selectors.search_endpoints(product, search=f"none {text}")

    def test_a_removed_endpoint_is_not_listed(self) -> None:
        product = ProductFactory()
        endpoint = EndpointFactory(product=product, tier=TierFactory(product=product))
        EndpointFactory(product=product, tier=endpoint.tier, removed_at="2026-01-01T00:00Z")
        assert list(selectors.list_endpoints(product)) == [endpoint]


class TestScope:
    def test_a_creator_sees_their_own(self) -> None:
        alice, product = make_actor(), ProductFactory(status="draft")
        own = ProductFactory(organization=alice.organization, status="draft")
        assert list(selectors.list_products(alice)) == [own]
        assert selectors.get_product(alice, slug=own.slug) == own
        with pytest.raises(NotFound):
            selectors.get_product(alice, slug=product.slug)

    def test_endpoints_and_tiers_are_those_of_the_product(self) -> None:
        endpoint, other = EndpointFactory(), EndpointFactory()
        assert list(selectors.list_endpoints(endpoint.product)) == [endpoint]
        assert selectors.get_endpoint(endpoint.product, public_id=endpoint.public_id) == endpoint
        assert selectors.get_tier(endpoint.product, slug=endpoint.tier.slug) == endpoint.tier
        with pytest.raises(NotFound):
            selectors.get_endpoint(endpoint.product, public_id=other.public_id)
        with pytest.raises(NotFound):
            selectors.get_tier(endpoint.product, slug=other.tier.slug)
        assert selectors.find_endpoint(endpoint.product, public_id=other.public_id) is None

    def test_a_removed_endpoint_is_only_found_where_its_past_counts(self) -> None:
        endpoint = EndpointFactory(removed_at="2026-01-01T00:00Z")
        product = endpoint.product
        assert not selectors.list_endpoints(product)
        assert not selectors.search_endpoints(product)
        assert selectors.count_endpoints([product]) == {}
        with pytest.raises(NotFound):
            selectors.get_endpoint(product, public_id=endpoint.public_id)
        assert selectors.find_endpoint(product, public_id=endpoint.public_id) == endpoint
        assert selectors.count_endpoints_by_tier(product) == {endpoint.tier_id: 1}


class TestCounts:
    def test_endpoints_by_product_and_rank(self) -> None:
        product = ProductFactory()
        free, pro = TierFactory(product=product, rank=0), TierFactory(product=product, rank=1)
        for tier in (free, free, pro):
            EndpointFactory(product=product, tier=tier)
        other = EndpointFactory()
        assert selectors.count_endpoints([product, other.product]) == {product.pk: 3, other.product_id: 1}
        assert selectors.count_endpoints_by_rank(product) == {0: 2, 1: 1}

    def test_endpoints_are_searched_by_method_path_and_summary(self) -> None:
        tier = TierFactory()
        rain = EndpointFactory(tier=tier, method="POST", path="/rain", operation={"summary": "Make it rain"})
        EndpointFactory(tier=tier, path="/sun", operation={"summary": "Shine"})
        for search in ("post", "RAIN", "make rain", "/rain it"):
            assert list(selectors.search_endpoints(tier.product, search=search)) == [rain], search


class TestQueries:
    def test_the_marketplace(self) -> None:
        def read() -> list[Any]:
            return [(product.name, product.organization.name) for product in selectors.list_listed_products()]

        assert_flat(ProductFactory.create_batch, read)

    def test_the_studio(self) -> None:
        alice = make_actor()

        def grow(number: int) -> None:
            ProductFactory.create_batch(number, organization=alice.organization)

        assert_flat(grow, lambda: [product.name for product in selectors.list_products(alice)])

    def test_endpoints(self) -> None:
        tier = TierFactory()

        def grow(number: int) -> None:
            EndpointFactory.create_batch(number, tier=tier)

        def read() -> list[Any]:
            return [(str(row), row.tier.name, row.summary) for row in selectors.list_endpoints(tier.product)]

        assert_flat(grow, read)

    def test_counting_takes_one_query(self) -> None:
        products = ProductFactory.create_batch(20)
        assert count_queries(lambda: selectors.count_endpoints(products)) == 1
