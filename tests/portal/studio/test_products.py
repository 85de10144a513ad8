"""The list of products, a new one, and the way to its publication."""

import datetime as dt

import pytest
from django.test import Client

from apps.accounts.models import Organization
from apps.gateway.outages import begin_outage, end_outage
from apps.products.enums import ProductStatus
from apps.products.models import Product
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls
from tests.portal.support import count_queries, links_of, member, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization(client: Client) -> Organization:
    """An organization without products, whose owner is signed in."""
    organization, user = member(name="Northwind")
    client.force_login(user)
    return organization


def studio(organization: Organization, *parts: str) -> str:
    return "/".join([f"/o/{organization.slug}/studio", *parts, ""])


class TestList:
    def test_an_empty_one_says_how_to_begin(self, client: Client, organization: Organization) -> None:
        response = client.get(studio(organization))
        assert "Sell your first API" in text_of(response)
        assert studio(organization, "new") in links_of(response)

    def test_shows_each_product_with_its_numbers(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization, name="Weather")
        tier = TierFactory(product=product)
        endpoint, _other = EndpointFactory(tier=tier), EndpointFactory(tier=tier)
        SubscriptionFactory(plan=PlanFactory(tier=tier), status="canceled")
        subscription = SubscriptionFactory(plan=PlanFactory(tier=tier))
        store_calls(ApiKeyFactory(subscription=subscription), endpoint, 7)
        text = text_of(client.get(studio(organization)))
        assert "Weather" in text
        # Two endpoints, one live subscription, seven calls.
        assert "Published 2 1 7" in text

    def test_takes_as_many_queries_for_many_as_for_few(self, client: Client, organization: Organization) -> None:
        ProductFactory.create_batch(10, organization=organization)
        few = count_queries(client, studio(organization))
        ProductFactory.create_batch(40, organization=organization)
        assert count_queries(client, studio(organization)) == few


def test_a_retiring_product_says_so_in_the_same_words_everywhere(client: Client, organization: Organization) -> None:
    ends = dt.datetime(2099, 5, 1, tzinfo=dt.UTC)
    product = ProductFactory(organization=organization, status=ProductStatus.UNPUBLISHED, retires_at=ends)
    SubscriptionFactory(plan=PlanFactory(tier=TierFactory(product=product)))
    for parts in ((), (product.slug,), (product.slug, "plans"), (product.slug, "lifecycle")):
        text = text_of(client.get(studio(organization, *parts)))
        assert "Retiring, ends on 1 May 2099" in text
        assert "Unpublished" not in text
        assert "It is still sold" not in text


class TestNew:
    def create(self, client: Client, organization: Organization, **changed: str) -> int:
        body = {"name": "City Maps", "upstream_url": "https://maps.example.com"} | changed
        return client.post(studio(organization, "new"), body).status_code

    def test_makes_a_draft_with_an_address_from_its_name(self, client: Client, organization: Organization) -> None:
        assert self.create(client, organization) == 302
        product = Product.objects.get()
        assert (product.slug, product.status, product.organization) == (
            "city-maps", ProductStatus.DRAFT, organization
        )  # fmt: skip

    def test_makes_another_address_where_that_one_is_taken(self, client: Client, organization: Organization) -> None:
        ProductFactory(slug="city-maps")
        assert self.create(client, organization) == 302
        assert Product.objects.get(organization=organization).slug == "city-maps-2"

    def test_says_that_a_chosen_address_is_taken(self, client: Client, organization: Organization) -> None:
        ProductFactory(slug="maps")
        response = client.post(
            studio(organization, "new"), {"name": "Maps", "slug": "maps", "upstream_url": "https://maps.example.com"}
        )
        assert response.status_code == 422
        assert "This address is taken." in text_of(response)
        assert 'value="Maps"' in response.content.decode()

    @pytest.mark.parametrize("name", ["Погода", "🌦", "Docs", "-"])
    def test_finds_an_address_for_every_name(self, client: Client, organization: Organization, name: str) -> None:
        assert self.create(client, organization, name=name) == 302
        assert self.create(client, organization, name=name) == 302
        assert Product.objects.count() == 2

    def test_suggests_the_address_while_the_name_is_typed(self, client: Client, organization: Organization) -> None:
        asked = {"HX-Request": "true", "HX-Target": "slug-field"}
        response = client.get(studio(organization, "new"), {"name": "City Maps", "slug": "mine"}, headers=asked)
        content = response.content.decode()
        assert 'placeholder="city-maps"' in content
        assert 'value="mine"' in content
        assert "<main" not in content


class TestOverview:
    def test_a_draft_is_led_to_its_publication(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization, status=ProductStatus.DRAFT)
        page = studio(organization, product.slug)
        assert "Next: add an endpoint" in text_of(client.get(page))
        tier = TierFactory(product=product)
        EndpointFactory(tier=tier)
        assert "Next: put a plan on sale" in text_of(client.get(page))
        draft = PlanFactory(tier=tier, published_at=None)
        response = client.get(page)
        assert "Next: put a plan on sale" in text_of(response)
        assert studio(organization, product.slug, "plans") in links_of(response)
        client.post(studio(organization, product.slug, "plans", draft.public_id, "publish"))
        assert "it can be published" in text_of(client.get(page))
        client.post(studio(organization, product.slug, "publish"))
        product.refresh_from_db()
        assert product.status == ProductStatus.PUBLISHED
        assert "with 0 live subscriptions" in text_of(client.get(page))

    def test_what_lacks_something_is_not_published_and_says_why(
        self, client: Client, organization: Organization
    ) -> None:
        product = ProductFactory(organization=organization, status=ProductStatus.DRAFT)
        page = studio(organization, product.slug)
        response = client.post(studio(organization, product.slug, "publish"), {"back": page}, follow=True)
        product.refresh_from_db()
        assert product.status == ProductStatus.DRAFT
        assert "Add an endpoint." in text_of(response)

    def test_unpublishing_names_what_goes_on(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization)
        SubscriptionFactory(plan=PlanFactory(tier=TierFactory(product=product)))
        page = studio(organization, product.slug)
        assert "The 1 live subscription goes on as before" in text_of(client.get(page))
        client.post(studio(organization, product.slug, "unpublish"))
        product.refresh_from_db()
        assert product.status == ProductStatus.UNPUBLISHED

    def test_a_suspended_product_offers_neither(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization, status=ProductStatus.SUSPENDED)
        content = client.get(studio(organization, product.slug)).content.decode()
        assert "The platform has suspended this product" in content
        assert "/publish/" not in content
        assert "/unpublish/" not in content

    def test_a_published_one_that_lost_its_plan_says_so(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization)
        EndpointFactory(tier=TierFactory(product=product))
        assert "nobody can subscribe any more" in text_of(client.get(studio(organization, product.slug)))

    def test_says_that_the_backend_does_not_answer(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization)
        page = studio(organization, product.slug)
        assert "stopped answering" not in text_of(client.get(page))
        begin_outage(product.pk, product.upstream_url)
        assert "Your backend stopped answering" in text_of(client.get(page))
        end_outage(product.pk, product.upstream_url)

    def test_shows_the_figures_of_a_week(self, client: Client, organization: Organization) -> None:
        product = ProductFactory(organization=organization)
        tier = TierFactory(product=product)
        endpoint, subscription = EndpointFactory(tier=tier), SubscriptionFactory(plan=PlanFactory(tier=tier))
        key = ApiKeyFactory(subscription=subscription)
        store_calls(key, endpoint, 3)
        store_calls(key, endpoint, 1, status=502)
        text = text_of(client.get(studio(organization, product.slug)))
        assert "Calls 4 in 7 days" in text
        assert "Backend errors 25 % 5xx" in text.replace("\u202f", " ")
