"""The frame around every page: the front door, the theme, the errors, what the Content-Security-Policy allows."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error
from pytest_django import Settings

from apps.accounts.models import User
from apps.core import clock
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.portal.support import links_of, member, text_of

pytestmark = pytest.mark.django_db


class Ids(HTMLParser):
    """Collects ids and what points at them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        for name in ("for", "aria-labelledby", "aria-describedby", "commandfor", "popovertarget"):
            self.references |= set((given.get(name) or "").split())


class TestFrontDoor:
    def test_visitors_read_what_it_is_and_what_is_new(self, client: Client) -> None:
        ProductFactory(name="Weather", slug="weather")
        ProductFactory(name="Unfinished", status="draft")
        page = client.get("/").content.decode()
        assert 'href="/products/weather/"' in page
        assert "Unfinished" not in page
        assert reverse("account_signup") in page

    def test_the_call_that_is_shown_exists(self, client: Client, settings: Settings) -> None:
        page = html.unescape(client.get("/").content.decode())
        assert f"curl -i {settings.GATEWAY_URL}/PRODUCT/ENDPOINT" in page
        weather = TierFactory(product__slug="weather").product
        EndpointFactory(tier=weather.tiers.get(), method="POST", path="/a")
        EndpointFactory(tier=weather.tiers.get(), path="/b/{city}")
        EndpointFactory(tier=weather.tiers.get(), path="/old", deprecated_at=clock.now())
        EndpointFactory(tier=weather.tiers.get(), path="/now")
        ProductFactory(name="Has nothing to call")
        page = html.unescape(client.get("/").content.decode())
        assert f"curl -i {settings.GATEWAY_URL}/weather/now \\\n" in page

    def test_members_go_to_their_dashboard(self, client: Client) -> None:
        user = User.objects.create_user("alice@example.com")
        client.force_login(user)
        assert client.get("/").url == f"/o/{user.organizations.get().slug}/"

    def test_who_only_sells_goes_to_the_products(self, client: Client) -> None:
        organization, user = member()
        ProductFactory(organization=organization)
        client.force_login(user)
        assert client.get("/").url == reverse("portal:studio", args=[organization.slug])
        dashboard = reverse("portal:dashboard", args=[organization.slug])
        assert "Open your products" in text_of(client.get(dashboard))
        SubscriptionFactory(organization=organization)
        assert client.get("/").url == dashboard
        assert "No calls yet." in text_of(client.get(dashboard))


class TestTheme:
    def test_follows_the_system_at_first(self, client: Client) -> None:
        assert "data-theme" not in re.findall(r"<html[^>]*>", client.get("/").content.decode())[0]

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_a_choice_is_remembered(self, client: Client, theme: str) -> None:
        response = client.post(reverse("portal:theme"), {"theme": theme, "next": "/products/"})
        assert response.url == "/products/"
        assert f'data-theme="{theme}"' in client.get("/").content.decode()

    def test_the_system_can_be_chosen_again(self, client: Client) -> None:
        client.post(reverse("portal:theme"), {"theme": "dark"})
        client.post(reverse("portal:theme"), {"theme": ""})
        assert "data-theme=" not in client.get("/").content.decode().split("<head>")[0]

    def test_a_cookie_from_elsewhere_is_not_written_into_the_page(self, client: Client) -> None:
        client.cookies["theme"] = '"><script>'
        assert "data-theme" not in client.get("/").content.decode().split("<head>")[0]

    def test_leads_nowhere_else(self, client: Client) -> None:
        response = client.post(reverse("portal:theme"), {"theme": "dark", "next": "https://evil.example/"})
        assert response.url == "/"


class TestErrors:
    def test_what_is_not_there_has_a_page(self, client: Client) -> None:
        response = client.get("/nothing/here/")
        assert response.status_code == 404
        assert "There is nothing here that you may see" in response.content.decode()

    def test_a_stale_form_has_a_page(self) -> None:
        response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {})
        assert response.status_code == 403
        assert "The form was too old" in response.content.decode()

    def test_the_address_of_a_form_has_a_page_with_a_way_back(self, client: Client) -> None:
        organization, user = member()
        client.force_login(user)
        response = client.get(f"/o/{organization.slug}/billing/cards/pm_1/default/")
        assert (response.status_code, response["Allow"]) == (405, "POST")
        assert f"/o/{organization.slug}/billing/cards/" in links_of(response)

    @pytest.mark.parametrize(
        ("back", "referer", "then"),
        [
            ("/o/acme/members/?page=2", "http://testserver/o/acme/", "/o/acme/members/?page=2"),
            ("//evil.example/", "http://testserver/o/acme/billing/?page=2", "/o/acme/billing/?page=2"),
            ("", "http://evil.example/o/acme/", "/o/acme/billing/cards/"),
            ("", "http://[", "/o/acme/billing/cards/"),
            ("", "", "/o/acme/billing/cards/"),
        ],
    )
    def test_who_signs_in_again_comes_back_to_the_page_of_the_form(
        self, client: Client, back: str, referer: str, then: str
    ) -> None:
        url = "/o/acme/billing/cards/pm_1/default/"
        response = client.post(url, {"back": back}, headers={"Referer": referer})
        assert response.url == f"/account/login/?{urlencode({'next': then}, safe='/')}"
        page = client.get("/o/acme/billing/?page=2", headers={"Referer": referer})
        assert page.url == f"/account/login/?{urlencode({'next': '/o/acme/billing/?page=2'}, safe='/')}"

    def test_a_failure_needs_neither_database_nor_session(self, rf: RequestFactory, django_assert_num_queries) -> None:
        with django_assert_num_queries(0):
            response = server_error(rf.get("/"))
        assert response.status_code == 500
        assert "This page failed" in response.content.decode()
        assert "/static/css/app.css" in response.content.decode()

    @pytest.mark.parametrize("name", ["400.html", "403.html", "429.html"])
    def test_the_others_stand_alone_too(self, name: str) -> None:
        assert "/static/css/app.css" in render_to_string(name)


class TestPages:
    """Guarantees of every page, held against those that show everything."""

    @pytest.fixture(params=["/", "/account/login/", "/dev/style-guide/", "/products/"])
    def page(self, request: pytest.FixtureRequest, client: Client) -> str:
        if request.param == "/products/":
            client.force_login(User.objects.create_user("alice@example.com"))
        response = client.get(request.param)
        assert response.status_code == 200
        return str(response.content.decode())

    def test_nothing_is_inline(self, page: str) -> None:
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style", page)
        assert not re.search(r"<[^>]*\s(style|on\w+)=", page)

    def test_ids_are_unique_and_found(self, page: str) -> None:
        found = Ids(page)
        assert len(found.ids) == len(set(found.ids))
        assert found.references <= set(found.ids)

    def test_every_control_has_a_name(self, page: str) -> None:
        for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", page):
            if 'type="hidden"' in tag or 'type="checkbox"' in tag:
                continue
            identifier = re.search(r'\bid="([^"]+)"', tag)
            assert "aria-label=" in tag or (identifier and f'for="{identifier[1]}"' in page), tag

    def test_has_one_heading_and_a_main_landmark(self, page: str) -> None:
        assert len(re.findall(r"<h1[\s>]", page)) == 1
        assert len(re.findall(r"<main[\s>]", page)) == 1


def test_the_policy_allows_nothing_inline(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_the_side_navigation_marks_where_one_is(client: Client) -> None:
    user = User.objects.create_user("alice@example.com")
    client.force_login(user)
    slug = user.organizations.get().slug
    page = client.get(f"/o/{slug}/members/").content.decode()
    links = re.findall(r'<a class="side-link" href="([^"]+)"\s*(aria-current="page")?', page)
    assert [href for href, current in links if current] == [f"/o/{slug}/members/"]
    assert len(links) >= 4


def test_who_may_not_read_the_audit_log_is_not_sent_there(client: Client) -> None:
    from tests.factories.accounts import MembershipFactory, OrganizationFactory

    user = User.objects.create_user("bob@example.com")
    MembershipFactory(user=user, organization=OrganizationFactory(slug="acme"), role="viewer")
    client.force_login(user)
    page = client.get("/o/acme/members/").content.decode()
    assert "/o/acme/settings/" in page
    assert "/o/acme/audit/" not in page
