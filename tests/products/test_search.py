"""The marketplace's search: what is found, in which order, and that it stays as it is with 10,000 products."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import Organization
from apps.accounts.services import rename_organization
from apps.core.values import words_of
from apps.plans.catalogue import Price, filter_by_price
from apps.products import services
from apps.products.enums import ProductStatus
from apps.products.models import Product, SearchEntry
from apps.products.search import Sort, search_query
from apps.products.selectors import list_listed_products
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import CategoryFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.portal.support import HOSTILE

pytestmark = pytest.mark.django_db


def found(search: str = "", **filters: Any) -> list[str]:
    return [product.name for product in list_listed_products(search=search, **filters)]


@pytest.mark.parametrize(
    "search",
    [
        "skycast", "SKYCAST", "sky", "forecast", "forecasts", "node.js", "node js", "rainfall", "NORTHWIND",
        "the forecasts of skycast", "snow sky", "c", "open-data", "1.5", "zürich", "zür",
    ],
)  # fmt: skip
def test_every_word_is_looked_for_in_all_that_people_read_and_the_last_by_its_beginning(search: str) -> None:
    ProductFactory(
        name="SkyCast", tagline="Weather forecasting for node.js", tags=["open-data", "c++"],
        description="**Rainfall**, snow and 1.5 m of wind in Zürich.", organization__name="Northwind Ltd",
    )  # fmt: skip
    ProductFactory(name="Other")
    assert found(search) == ["SkyCast"]


@pytest.mark.parametrize("search", ["skycasts x", "ycast", "sky other", "!!!", "forecas t"])
def test_what_lacks_a_word_is_not_found(search: str) -> None:
    ProductFactory(name="SkyCast", tagline="Forecasts")
    ProductFactory(name="Other")
    assert found(search) == []


def test_the_name_weighs_more_than_tags_and_those_more_than_the_tagline_creator_and_description() -> None:
    ProductFactory(name="E", description="weather " * 50)
    ProductFactory(name="D", organization__name="Weather Ltd")
    ProductFactory(name="C", tagline="All about weather")
    ProductFactory(name="B", tags=["weather"])
    ProductFactory(name="Weather of the seven seas and the continents between them")
    ProductFactory(name="Weather maps")
    ProductFactory(name="weather")
    assert found("Weather") == [
        "weather", "Weather maps", "Weather of the seven seas and the continents between them", "B", "C", "D", "E",
    ]  # fmt: skip


def test_what_is_found_follows_every_change_whoever_makes_it() -> None:
    actor = make_actor()
    product = ProductFactory(organization=actor.organization, name="Old")
    services.update_product(actor=actor, product=product, name="New", upstream_url=product.upstream_url, tags=["Snow"])
    assert (found("old"), found("new"), found("snow")) == ([], ["New"], ["New"])
    Product.objects.filter(pk=product.pk).update(tagline="Hail")
    assert found("hail") == ["New"]
    rename_organization(actor=actor, name="Boreas")
    assert found("boreas") == ["New"]
    Product.objects.bulk_create(
        [Product(organization=actor.organization, slug="bulk", name="Bulk", status="published")]
    )
    assert set(found("boreas")) == {"New", "Bulk"}
    SearchEntry.objects.update(subscribers=7)
    Organization.objects.filter(pk=actor.organization.pk).update(name="Zephyr")
    assert list(SearchEntry.objects.values_list("subscribers", flat=True)) == [7, 7], "the count stays"
    Product.objects.all().delete()
    assert not SearchEntry.objects.exists()


def test_filters_and_orders() -> None:
    weather, finance = CategoryFactory(slug="weather"), CategoryFactory(slug="finance")
    for number, (name, category, tags) in enumerate(
        [("Beta", weather, ["rain"]), ("alpha", finance, ["rain", "c++"]), ("Gamma", weather, [])]
    ):
        product = ProductFactory(name=name, category=category, tags=tags, tagline="same", description=name)
        Product.objects.filter(pk=product.pk).update(published_at=f"2025-01-0{number + 1}T00:00:00Z")
        SubscriptionFactory.create_batch((2, 0, 5)[number], plan=PlanFactory(tier__product=product))
    assert services.recount_subscribers() == 2
    assert services.recount_subscribers() == 0
    for status in set(ProductStatus) - {ProductStatus.PUBLISHED}:
        ProductFactory(name="Hidden", status=status, category=weather, tags=["rain"], tagline="same")
    assert found() == ["Gamma", "alpha", "Beta"] == found(sort=Sort.NEWEST) == found(sort="nonsense")
    assert found(sort=Sort.RELEVANCE) == found()
    assert found(sort=Sort.SUBSCRIBERS) == ["Gamma", "Beta", "alpha"] == found("same")
    assert found("sam", sort=Sort.SUBSCRIBERS) == ["Gamma", "Beta", "alpha"]
    assert found("same", sort=Sort.NEWEST) == ["Gamma", "alpha", "Beta"]
    assert sorted(found(sort=Sort.NAME)) == sorted(["alpha", "Beta", "Gamma"])
    assert found(category="weather") == ["Gamma", "Beta"]
    assert found(category="nonsense") == []
    assert (found(tag="Rain"), found(tag="C++"), found(tag="rai")) == (["alpha", "Beta"], ["alpha"], [])
    assert found("same", tag="rain", category="finance") == ["alpha"]


def test_free_and_paid() -> None:
    def product(name: str, *prices: int, **plan: Any) -> None:
        tier = TierFactory(product=ProductFactory(name=name))
        for price in prices:
            PlanFactory(tier=tier, price_amount=price, **plan)

    product("both", 0, 500)
    product("paid", 500, 900)
    product("free", 0)
    product("none")
    product("drafts", 0, published_at=None)
    product("private", 0, visibility="private")
    by_price = {
        price: {product.name for product in filter_by_price(list_listed_products(), price)} for price in ("", *Price)
    }
    assert by_price == {
        "": {"both", "paid", "free", "none", "drafts", "private"},
        Price.FREE: {"both", "free"},
        Price.PAID: {"paid"},
    }


def test_hostile_searches_are_searches() -> None:
    ProductFactory()
    for value in (*HOSTILE, "a & b | !c", "a:*", "'", "a' || 'b", "<->", ":*", "\\", "\\'", "a" * 100, "̈", "·", "a·b"):
        for sort in ("", *Sort):
            assert found(value, sort=sort, tag="") is not None
        found(tag=value)
        found(category=value)


@given(st.text(max_size=40))
def test_any_text_makes_a_query_or_none(text: str) -> None:
    query = search_query(text)
    if query is None:
        return
    with connection.cursor() as cursor:
        sql, params = query.resolve_expression(Product.objects.all().query).as_sql(
            Product.objects.all().query.get_compiler("default"), connection
        )
        cursor.execute(f"SELECT {sql}", params)
    assert words_of(text)


def test_the_indexes_serve_the_search_and_the_tags() -> None:
    """A few rows are read as they lie; what is asked here is that the query is one that the index can answer."""
    ProductFactory.create_batch(3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    query = search_query("some produ")
    assert "search_document" in SearchEntry.objects.filter(document=query).explain()
    assert "product_tags" in Product.objects.filter(tags__contains=["x"]).explain()
