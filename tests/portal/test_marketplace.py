"""The marketplace: what everybody sees, and how a member subscribes."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.enums import Role
from apps.accounts.models import User
from apps.billing.models import Checkout
from apps.core import clock
from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.plans.models import PlanGrant
from apps.portal import paging
from apps.products.enums import ProductStatus
from apps.products.models import Endpoint, Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.accounts import MembershipFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import (
    CategoryFactory,
    ChangelogEntryFactory,
    EndpointFactory,
    FaqEntryFactory,
    ProductFactory,
    SupportChannelFactory,
    TierFactory,
)
from tests.factories.subscriptions import SubscriptionFactory
from tests.portal.support import (
    HOSTILE,
    HOSTILE_SEGMENTS,
    Pairs,
    count_queries,
    links_of,
    member,
    pairings,
    text_of,
    words,
)

pytestmark = pytest.mark.django_db

LIST = "/products/"


def page(product: Product, tab: str = "") -> str:
    """The page of the product: its overview, or another tab."""
    return f"/products/{product.slug}/{tab}"


def subscribe_page(product: Product, plan: str = "free") -> str:
    return f"/products/{product.slug}/subscribe/{plan}/"


TABS = ("", "endpoints/", "plans/", "changelog/", "support/")


def grow(product: Product, number: int) -> None:
    """So many more changes, questions and support channels."""
    ChangelogEntryFactory.create_batch(number, product=product, published_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    FaqEntryFactory.create_batch(number, product=product)
    SupportChannelFactory.create_batch(number, product=product, tier=product.tiers.last())


@pytest.fixture
def weather() -> Product:
    """Two tiers with an endpoint each; a free plan and a paid one above it."""
    product: Product = ProductFactory(
        slug="weather", name="Weather", tagline="Rain or shine", organization__name="Northwind"
    )
    basic, pro = TierFactory(product=product, name="Basic", rank=0), TierFactory(product=product, name="Pro", rank=1)
    EndpointFactory(tier=basic, path="/forecast", operation={"summary": "The next days"})
    EndpointFactory(tier=pro, path="/history", weight=10)
    free = PlanFactory(tier=basic, slug="free", name="Free plan")
    QuotaFactory(plan=free, included_units=2000, period=QuotaPeriodUnit.DAY, name="daily")
    QuotaFactory(plan=free, included_units=50_000, period=QuotaPeriodUnit.MONTH, name="monthly")
    RateLimitFactory(plan=free, max_calls=60, window=RateWindow.MINUTE)
    history = Endpoint.objects.get(path="/history")
    RateLimitFactory(plan=free, endpoint=history, max_calls=2, window=RateWindow.SECOND, name="endpoint-per-second")
    PlanFactory(tier=pro, slug="business", name="Business", price_amount=2900, currency="USD")
    return product


class TestList:
    def test_shows_what_one_chooses_by(self, client: Client, weather: Product) -> None:
        text = text_of(client.get(LIST))
        for piece in ("Weather", "by Northwind", "Rain or shine", "2 endpoints", "Free paid from 29.00 USD / month"):
            assert piece in text

    def test_names_the_cheapest_price(self, client: Client) -> None:
        plan = PlanFactory(price_amount=4900, currency="EUR")
        PlanFactory(tier=plan.tier, price_amount=1900, currency="EUR")
        PlanFactory(tier=plan.tier, price_amount=100, currency="EUR", published_at=None)
        assert "from 19.00 EUR / month" in text_of(client.get(LIST))

    def test_what_is_paid_as_it_is_used_is_not_called_free(self, client: Client) -> None:
        QuotaFactory(plan=PlanFactory(), overage="per_unit", overage_unit_amount=2, overage_max_units=100)
        assert "Pay as you go" in text_of(client.get(LIST))

    @pytest.mark.parametrize("status", [s for s in ProductStatus if s != ProductStatus.PUBLISHED])
    def test_shows_published_products_only(self, client: Client, status: str) -> None:
        ProductFactory(name="Hidden one", status=status)
        assert "Hidden one" not in text_of(client.get(LIST))

    def test_counts_the_endpoints_that_exist(self, client: Client, weather: Product) -> None:
        endpoint = Endpoint.objects.get(path="/history")
        endpoint.removed_at = endpoint.created_at
        endpoint.save()
        assert "1 endpoint" in text_of(client.get(LIST))

    @pytest.mark.parametrize("search", ["WEATH", "shine", "northwind rain"])
    def test_finds_by_name_tagline_and_creator(self, client: Client, weather: Product, search: str) -> None:
        ProductFactory(name="Other", tagline="Something else")
        text = text_of(client.get(LIST, {"q": search}))
        assert "Rain or shine" in text
        assert "Something else" not in text

    def test_answers_typing_with_the_list_alone(self, client: Client, weather: Product) -> None:
        response = client.get(LIST, {"q": "wea"}, headers={"HX-Request": "true", "HX-Target": "results"})
        html = response.content.decode()
        assert html.strip().startswith('<div id="results">')
        assert "Weather" in html
        assert "HX-Request" in response.headers["Vary"]

    def test_the_search_works_as_a_plain_form(self, client: Client, weather: Product) -> None:
        html = client.get(LIST, {"q": "weather"}).content.decode()
        assert "<!DOCTYPE html>" in html
        assert 'name="q" value="weather"' in html

    def test_without_products_says_what_to_do(self, client: Client) -> None:
        response = client.get(LIST)
        assert "No product is published yet" in text_of(response)
        assert reverse("portal:home") in links_of(response)

    def test_without_a_match_says_so_and_escapes_the_words(self, client: Client, weather: Product) -> None:
        response = client.get(LIST, {"q": "<script>alert(1)</script>"})
        assert b"<script>alert" not in response.content
        assert "Nothing matches “<script>alert(1)</script>”" in text_of(response)
        assert LIST in links_of(response)

    def test_pages_keep_the_search(self, client: Client) -> None:
        for _ in range(25):
            ProductFactory(tagline="alike")
        response = client.get(LIST, {"q": "alike"})
        assert "1–20 of 25" in text_of(response)
        assert "?q=alike&page=2" in links_of(response)
        assert "21–25 of 25" in text_of(client.get(LIST, {"q": "alike", "page": 2}))

    def test_takes_as_many_queries_for_200_products_as_for_10(self, client: Client) -> None:
        def add(number: int) -> None:
            for _ in range(number):
                tier = EndpointFactory().tier
                PlanFactory(tier=tier)

        add(10)
        few = count_queries(client, LIST)
        add(190)
        assert count_queries(client, LIST) == few <= 5

    def test_narrows_and_sorts_and_takes_each_filter_away(self, client: Client, weather: Product) -> None:
        weather.category, weather.tags = CategoryFactory(slug="weather", name="Sky"), ["rain", "c++"]
        weather.save()
        ProductFactory(name="Other", tagline="Something else")
        asked = {"q": "rain", "category": "weather", "tag": "C++", "price": "free", "sort": "name"}
        response = client.get(LIST, asked)
        assert "Rain or shine" in text_of(response)
        assert "?q=rain&category=weather&price=free&sort=name" in links_of(response)
        for changed in ({"category": "finance"}, {"tag": "snow"}, {"price": "paid"}):
            CategoryFactory(slug="finance")
            assert "Rain or shine" not in text_of(client.get(LIST, asked | changed)), changed
        unknown = {"category": "nonsense", "price": "nonsense", "sort": "nonsense"}
        assert "Something else" in text_of(client.get(LIST, unknown)), "what does not exist filters nothing"
        assert "Nothing here yet" in text_of(client.get(LIST, {"tag": "snow"}))

    def test_counts_no_further_than_anybody_reads(
        self, client: Client, weather: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(paging, "ROWS_MAX", 40)
        ProductFactory.create_batch(41)
        assert "1–20 of more than 40" in text_of(client.get(LIST))
        last = client.get(LIST, {"page": 9})
        assert "21–40 of more than 40" in text_of(last)

    def test_any_parameter_is_answered(self, client: Client, weather: Product) -> None:
        for value in HOSTILE:
            everywhere = dict.fromkeys(("q", "page", "category", "tag", "price", "sort"), value)
            assert client.get(LIST, everywhere).status_code == 200, value
            for name in ("tag", "page"):
                assert client.get(LIST, {name: value}).status_code == 200, (name, value)


class TestProduct:
    def test_says_what_each_plan_allows_in_words(self, client: Client, weather: Product) -> None:
        text = text_of(client.get(page(weather, "plans/")))
        assert "50 000 a month and 2 000 a day" in text
        assert "60 calls a minute" in text
        assert "/history 2 calls a second" in text
        assert "1 of 2 endpoints" in text
        assert "29.00 USD / month" in text

    def test_names_the_plan_that_opens_each_endpoint(self, client: Client, weather: Product) -> None:
        text = text_of(client.get(page(weather, "endpoints/")))
        assert "GET /forecast The next days from Free plan" in text
        assert "GET /history 10 units from Business" in text

    def test_links_each_endpoint_to_its_documentation(self, client: Client, weather: Product) -> None:
        links = links_of(client.get(page(weather, "endpoints/")))
        for endpoint in weather.endpoints.all():
            assert f"/products/weather/endpoints/{endpoint.public_id}/" in links

    def test_offers_free_plans_and_paid_ones(self, client: Client, weather: Product) -> None:
        response = client.get(page(weather, "plans/"))
        assert subscribe_page(weather) in links_of(response)
        assert subscribe_page(weather, "business") in links_of(response)

    def test_writes_the_description_as_safe_html(self, client: Client, weather: Product) -> None:
        weather.description = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
        weather.save()
        html = client.get(page(weather)).content.decode()
        assert "<strong>Bold</strong>" in html
        assert "<script>alert" not in html
        assert 'href="javascript' not in html

    def test_no_text_of_the_creator_becomes_more_than_text(self, client: Client, weather: Product) -> None:
        hostile = (
            "<script>alert(1)</script> <b onclick=x>b</b> [x](javascript:alert(1)) ![pixel](https://spy.example.com/1.png)"
            " <img src=x onerror=alert(1)> [d](data:text/html,x)"
        )
        weather.description = weather.tagline = weather.name = weather.version = weather.lifecycle_note = ""
        for name, longest in (("description", 9999), ("tagline", 160), ("name", 80), ("version", 20)):
            setattr(weather, name, hostile[:longest])
        weather.lifecycle_note, weather.deprecated_at, weather.tags = hostile, clock.now(), ["<script>alert(1)"]
        weather.save()
        FaqEntryFactory(product=weather, question=hostile[:200], answer=hostile)
        ChangelogEntryFactory(product=weather, title=hostile[:120], body=hostile, published_at=clock.now())
        SupportChannelFactory(product=weather, value="javascript:alert(1)", kind="email", note=hostile[:160])
        for address in (LIST, *(page(weather, tab) for tab in TABS)):
            html = client.get(address).content.decode()
            assert "alert(1)" in html
            for never in ("<script>alert", "<b onclick", "<img src=x", 'href="javascript', 'href="data:'):
                assert never not in html, (address, never)
            # An image of another host would tell it who reads the page: it is a link.
            assert 'src="https://spy' not in html
        assert 'href="https://spy.example.com/1.png"' in client.get(page(weather, "changelog/")).content.decode()

    def test_shows_support_to_whom_it_is_for_and_others_the_plan_that_opens_it(
        self, client: Client, weather: Product
    ) -> None:
        pro = weather.tiers.get(name="Pro")
        SupportChannelFactory(product=weather, value="https://example.com/help", kind="website", note="Read this first")
        SupportChannelFactory(product=weather, tier=pro, value="+49 30 1234567", kind="phone")
        organization, user = member()
        owner = MembershipFactory(organization=weather.organization).user

        def seen(person: User | None) -> tuple[bool, bool]:
            client.logout()
            if person is not None:
                client.force_login(person)
            html = client.get(page(weather, "support/")).content.decode()
            assert 'href="https://example.com/help"' in html
            assert "Read this first" in html
            return "1234567" in html, "With the plan Business" in html

        assert seen(None) == seen(user) == (False, True)
        assert seen(owner) == (True, False)
        subscription = SubscriptionFactory(organization=organization, plan=weather.plans.get(slug="free"))
        assert seen(user) == (False, True), "its tier is below"
        subscription.plan = weather.plans.get(slug="business")
        subscription.save()
        assert seen(user) == (True, False)
        for status in ("pending_approval", "incomplete", "unpaid", "paused"):
            subscription.status = status
            subscription.save()
            assert seen(user) == (False, True), status
        weather.plans.filter(slug="business").update(withdrawn_at=clock.now())
        assert "With no plan on sale" in text_of(client.get(page(weather, "support/")))

    def test_says_what_is_new_and_hides_drafts(self, client: Client, weather: Product) -> None:
        ChangelogEntryFactory(product=weather, title="Not yet")
        ChangelogEntryFactory(product=weather, title="Older", published_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        ChangelogEntryFactory(
            product=weather, title="Newer", version="2.1", published_at=dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
        )
        text = text_of(client.get(page(weather, "changelog/")))
        assert text.index("Newer") < text.index("Older")
        assert "2.1" in text
        assert "Not yet" not in text

    def test_shows_where_it_stands(self, client: Client, weather: Product) -> None:
        weather.category, weather.tags, weather.version = CategoryFactory(slug="sky", name="Sky"), ["c++"], "2.1"
        weather.save()
        FaqEntryFactory(product=weather, question="Which models?", answer="**Three**.")
        response = client.get(page(weather))
        text, html = text_of(response), response.content.decode()
        for piece in ("Northwind", "Sky", "2.1", "Which models? Three."):
            assert piece in text
        assert {f"{LIST}?category=sky", f"{LIST}?tag=c%2B%2B"} <= links_of(response)
        assert '<meta property="og:description" content="Rain or shine">' in html

    def test_a_product_that_ends_says_so_to_everybody(self, client: Client, weather: Product) -> None:
        weather.status, weather.published_at = ProductStatus.UNPUBLISHED, clock.now()
        weather.retires_at = dt.datetime(2099, 5, 1, tzinfo=dt.UTC)
        weather.lifecycle_note = "Use Climate."
        weather.save()
        response = client.get(page(weather, "plans/"))
        assert "Retiring, ends on 1 May 2099" in text_of(response)
        assert "Use Climate." in text_of(response)
        assert subscribe_page(weather) not in links_of(response)
        weather.status = ProductStatus.SUSPENDED
        weather.save()
        assert client.get(page(weather)).status_code == 404
        weather.status, weather.retires_at = ProductStatus.RETIRED, clock.now()
        weather.save()
        for tab in TABS:
            assert "This product has ended" in text_of(client.get(page(weather, tab))), tab
        assert "Rain or shine" not in text_of(client.get(LIST))

    def test_is_not_found_for_strangers_until_it_is_published(self, client: Client, weather: Product) -> None:
        weather.status = ProductStatus.DRAFT
        weather.save()
        assert client.get(page(weather)).status_code == 404
        _, stranger = member()
        client.force_login(stranger)
        assert client.get(page(weather)).status_code == 404

    @pytest.mark.parametrize("status", [s for s in ProductStatus if s != ProductStatus.PUBLISHED])
    def test_its_creator_may_look_at_it_before(self, client: Client, weather: Product, status: str) -> None:
        weather.status = status
        weather.save()
        client.force_login(MembershipFactory(organization=weather.organization, role=Role.VIEWER).user)
        response = client.get(page(weather))
        assert "Only members of your organization see this page" in text_of(response)
        assert subscribe_page(weather) not in links_of(response)

    def test_subscribers_keep_it_when_it_is_unpublished(self, client: Client, weather: Product) -> None:
        organization, user = member()
        subscription = SubscriptionFactory(organization=organization, plan=weather.plans.get(slug="free"))
        weather.status = ProductStatus.UNPUBLISHED
        weather.save()
        client.force_login(user)
        assert "No longer in the marketplace" in text_of(client.get(page(weather)))
        subscription.status = SubscriptionStatus.CANCELED
        subscription.save()
        assert client.get(page(weather)).status_code == 404

    def test_leads_subscribers_to_their_subscription(self, client: Client, weather: Product) -> None:
        organization, user = member()
        subscription = SubscriptionFactory(organization=organization, plan=weather.plans.get(slug="free"))
        client.force_login(user)
        response = client.get(page(weather, "plans/"))
        assert f"/o/{organization.slug}/subscriptions/{subscription.public_id}/" in links_of(response)
        assert "Your plan" in text_of(response)

    def test_without_endpoints_and_plans_says_so(self, client: Client) -> None:
        bare = ProductFactory()
        for tab, piece in (
            ("", "has not described"),
            ("", "Nothing is on sale"),
            ("endpoints/", "No endpoints yet"),
            ("plans/", "No plan on sale"),
            ("changelog/", "No changes yet"),
            ("support/", "No support channels yet"),
        ):
            assert piece in text_of(client.get(page(bare, tab))), tab

    def test_finds_an_endpoint_among_many(self, client: Client, weather: Product) -> None:
        response = client.get(
            page(weather, "endpoints/"), {"q": "next"}, headers={"HX-Request": "true", "HX-Target": "endpoint-list"}
        )
        assert response.content.decode().strip().startswith('<div id="endpoint-list">')
        assert "/forecast" in text_of(response)
        assert "/history" not in text_of(response)

    def test_takes_as_many_queries_for_200_endpoints_as_for_10(self, client: Client, weather: Product) -> None:
        tier = weather.tiers.first()
        client.force_login(MembershipFactory(organization=weather.organization).user)
        EndpointFactory.create_batch(10, tier=tier)
        grow(weather, 5)
        few = {tab: count_queries(client, page(weather, tab)) for tab in TABS}
        EndpointFactory.create_batch(190, tier=tier)
        PlanFactory.create_batch(10, tier=tier)
        grow(weather, 50)
        assert {tab: count_queries(client, page(weather, tab)) for tab in TABS} == few

    @pairings
    def test_any_parameter_is_answered(self, client: Client, weather: Product, pairs: Pairs) -> None:
        for tab, value in pairs(("", "endpoints/", "changelog/"), HOSTILE):
            assert client.get(page(weather, tab), {"q": value, "page": value}).status_code == 200, (tab, value)


class TestDocumentation:
    def url(self, endpoint: Endpoint) -> str:
        return f"/products/{endpoint.product.slug}/endpoints/{endpoint.public_id}/"

    def test_shows_parameters_answers_and_a_call_through_the_gateway(self, client: Client, settings: Any) -> None:
        settings.GATEWAY_URL = "https://gateway.example.com"
        endpoint = EndpointFactory(
            path="/cities/{city}/forecast",
            operation={
                "summary": "Forecast of a city",
                "description": "Up to **10** days.",
                "parameters": [
                    {"name": "days", "in": "query", "schema": {"type": "integer"}, "description": "How many"}
                ],
                "responses": {
                    "200": {"description": "Fine", "content": {"application/json": {"example": {"rain": 3}}}}
                },
            },
            tier__product__slug="weather",
        )
        response = client.get(self.url(endpoint))
        text = text_of(response)
        for piece in (
            "Forecast of a city",
            "days integer in query How many",
            "city string in path required",
            "200 Fine",
        ):
            assert piece in text
        assert "curl https://gateway.example.com/weather/cities/CITY/forecast" in text
        assert '"rain": 3' in text
        assert "<strong>10</strong>" in response.content.decode()

    def test_escapes_what_the_creator_wrote(self, client: Client) -> None:
        evil = "<script>alert(1)</script>"
        operation = {
            "summary": evil,
            "description": evil,
            "parameters": [{"name": evil, "in": "query", "required": True, "description": evil, "example": evil}],
            "requestBody": {"content": {evil: {"example": evil, "schema": {"properties": {evil: {"type": evil}}}}}},
            "responses": {evil: {"description": evil}},
        }
        html = client.get(self.url(EndpointFactory(operation=operation))).content.decode()
        assert "<script>alert" not in html

    @pytest.mark.parametrize(
        "operation", [{}, {"parameters": "x"}, {"responses": [1]}, {"requestBody": {"content": 1}}]
    )
    def test_any_document_is_shown(self, client: Client, operation: Any) -> None:
        assert client.get(self.url(EndpointFactory(operation=operation))).status_code == 200

    def test_a_removed_endpoint_and_another_products_are_not_found(self, client: Client, weather: Product) -> None:
        endpoint = EndpointFactory()
        other = f"/products/weather/endpoints/{endpoint.public_id}/"
        assert client.get(other).status_code == 404
        endpoint.removed_at = endpoint.created_at
        endpoint.save()
        assert client.get(self.url(endpoint)).status_code == 404
        assert client.get("/products/weather/endpoints/ep_none/").status_code == 404


class TestSubscribe:
    def test_asks_to_sign_in_first_and_comes_back(self, client: Client, weather: Product) -> None:
        response = client.get(subscribe_page(weather))
        assert response.status_code == 302
        assert response.headers["Location"] == f"{reverse('account_login')}?next={subscribe_page(weather)}"

    def test_states_what_one_gets_and_for_whom(self, client: Client, weather: Product) -> None:
        _, user = member(name="Acme")
        client.force_login(user)
        text = text_of(client.get(subscribe_page(weather)))
        assert "50 000 a month and 2 000 a day" in text
        assert "Acme" in text

    def test_subscribes_the_chosen_organization_and_opens_the_subscription(
        self, client: Client, weather: Product
    ) -> None:
        organization, user = member()
        client.force_login(user)
        response = client.post(subscribe_page(weather), self.answer(weather, organization.slug))
        subscription = Subscription.objects.get()
        assert subscription.organization == organization
        assert subscription.plan.slug == "free"
        assert response.headers["Location"] == f"/o/{organization.slug}/subscriptions/{subscription.public_id}/"

    def test_a_second_subscription_is_refused_with_a_link_to_the_first(self, client: Client, weather: Product) -> None:
        organization, user = member()
        first = SubscriptionFactory(organization=organization, plan=weather.plans.get(slug="free"))
        client.force_login(user)
        response = client.post(subscribe_page(weather), self.answer(weather, organization.slug))
        assert response.status_code == 422
        assert "has a subscription to Weather already" in text_of(response)
        assert f"/o/{organization.slug}/subscriptions/{first.public_id}/" in links_of(response)
        assert Subscription.objects.count() == 1

    @pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
    def test_only_roles_that_may_can_choose_the_organization(self, client: Client, weather: Product, role: str) -> None:
        organization, user = member(role, name="Acme")
        client.force_login(user)
        html = client.get(subscribe_page(weather)).content.decode()
        assert f'value="{organization.slug}"' not in html
        response = client.post(subscribe_page(weather), self.answer(weather, organization.slug))
        assert response.status_code == 422
        assert not Subscription.objects.exists()

    def test_the_organization_of_others_cannot_be_chosen(self, client: Client, weather: Product) -> None:
        others, _ = member()
        _, user = member()
        client.force_login(user)
        assert client.post(subscribe_page(weather), self.answer(weather, others.slug)).status_code == 422
        assert not Subscription.objects.exists()

    def test_a_plan_that_changed_meanwhile_is_shown_again(self, client: Client, weather: Product) -> None:
        organization, user = member()
        client.force_login(user)
        old = self.answer(weather, organization.slug)
        plan = weather.plans.get(slug="free")
        plan.withdrawn_at = plan.published_at
        plan.save()
        newer = PlanFactory(tier=plan.tier, slug="free", version=2)
        response = client.post(subscribe_page(weather), old)
        assert response.status_code == 422
        assert "The plan has changed since you opened this page" in text_of(response)
        assert not Subscription.objects.exists()
        assert f'value="{newer.public_id}"' in response.content.decode()

    def test_a_plan_that_is_not_on_sale_any_more_names_those_that_are(self, client: Client, weather: Product) -> None:
        _, user = member()
        client.force_login(user)
        plan = weather.plans.get(slug="free")
        plan.withdrawn_at = plan.published_at
        plan.save()
        response = client.get(subscribe_page(weather))
        assert response.status_code == 410
        assert "The plan Free plan is not on sale any more" in text_of(response)
        assert "Business" in text_of(response)

    def test_a_paid_plan_leads_to_its_checkout(self, client: Client, weather: Product) -> None:
        organization, user = member()
        client.force_login(user)
        response = client.post(
            subscribe_page(weather, "business"), self.answer(weather, organization.slug, plan="business")
        )
        checkout = Checkout.objects.get()
        assert response.headers["Location"] == f"/o/{organization.slug}/billing/checkouts/{checkout.public_id}/"
        assert Subscription.objects.get().status == SubscriptionStatus.INCOMPLETE
        assert client.get(subscribe_page(weather, "business")).status_code == 200  # it can be gone on with

    def test_a_plan_that_needs_approval_waits_for_it(self, client: Client, weather: Product) -> None:
        organization, user = member()
        client.force_login(user)
        plan = PlanFactory(tier=weather.tiers.first(), slug="partner", price_amount=100, requires_approval=True)
        assert "The creator approves" in text_of(client.get(subscribe_page(weather, "partner")))
        answer = {"organization": organization.slug, "plan": plan.public_id}
        response = client.post(subscribe_page(weather, "partner"), answer, follow=True)
        assert "Waiting for the creator" in text_of(response)

    def test_a_private_plan_is_not_there_for_who_was_not_named(self, client: Client, weather: Product) -> None:
        organization, user = member()
        client.force_login(user)
        PlanFactory(tier=weather.tiers.first(), slug="secret", name="Secret", visibility="private")
        assert client.get(subscribe_page(weather, "secret")).status_code == 404
        product_page = reverse("portal:product-plans", args=[weather.slug])
        assert "Secret" not in client.get(product_page).content.decode()
        PlanGrant.objects.create(product=weather, plan_slug="secret", organization=organization)
        assert client.get(subscribe_page(weather, "secret")).status_code == 200
        assert "Secret" in client.get(product_page).content.decode()

    def test_a_plan_says_what_is_extra_and_that_it_is_approved(self, client: Client, weather: Product) -> None:
        plan = PlanFactory(
            tier=weather.tiers.first(), price_amount=29_000, interval="year", requires_approval=True, name="Yearly"
        )
        QuotaFactory(
            plan=plan, name="yearly", period="year", included_units=10_000,
            overage="per_unit", overage_unit_amount="0.2", overage_max_units=50_000,
        )  # fmt: skip
        text = words(client, reverse("portal:product-plans", args=[weather.slug]))
        assert "290.00 USD / year" in text
        assert "Beyond 10 000 a year: 0.002 USD each, up to 50 000" in text
        assert "The creator approves each subscription before it begins" in text

    def test_a_draft_plan_or_product_is_not_found(self, client: Client, weather: Product) -> None:
        _, user = member()
        client.force_login(user)
        PlanFactory(tier=weather.tiers.first(), slug="secret", published_at=None)
        assert client.get(subscribe_page(weather, "secret")).status_code == 404
        weather.status = ProductStatus.DRAFT
        weather.save()
        assert client.get(subscribe_page(weather)).status_code == 404

    @pairings
    def test_any_input_is_answered(self, client: Client, weather: Product, pairs: Pairs) -> None:
        organization, user = member()
        client.force_login(user)
        answer = self.answer(weather, organization.slug)
        for field, value in pairs([*answer], HOSTILE):
            response = client.post(subscribe_page(weather), answer | {field: value})
            assert response.status_code == 422, (field, value)
        assert not Subscription.objects.exists()

    def answer(self, product: Product, organization: str, *, plan: str = "free") -> dict[str, str]:
        return {"organization": organization, "plan": product.plans.get(slug=plan).public_id}


@pairings
def test_any_address_is_answered_with_not_found(client: Client, pairs: Pairs) -> None:
    product = ProductFactory(slug="weather")
    _, user = member()
    client.force_login(user)
    paths = [
        "/products/{}/",
        "/products/{}/subscribe/free/",
        f"/products/{product.slug}/endpoints/{{}}/",
        f"/products/{product.slug}/subscribe/{{}}/",
    ]
    for path, value in pairs(paths, HOSTILE_SEGMENTS):
        assert client.get(path.format(value)).status_code == 404, (path, value)
