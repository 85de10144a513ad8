"""The dashboard and the usage of a subscription: the numbers are those of the calls that were made."""

import csv
import datetime as dt
import io

import pytest
from django.test import Client

from apps.core import clock
from apps.keys.models import ApiKey
from apps.plans.models import Quota, RateLimit
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import forget_calls, store_calls, store_rejections
from tests.portal.console.world import World, make_world
from tests.portal.support import HOSTILE, count_queries, links_of, member, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(acme: World) -> World:
    """Without calls."""
    forget_calls()
    return acme


def subscribe_and_call(world: World, number: int) -> None:
    """So many further subscriptions, each with a quota, a forwarded and a refused call."""
    for _ in range(number):
        subscription = SubscriptionFactory(organization=world.organization)
        QuotaFactory(plan=subscription.plan)
        endpoint = EndpointFactory(tier=subscription.plan.tier)
        key = ApiKeyFactory(subscription=subscription)
        store_calls(key, endpoint)
        store_rejections(key, endpoint)


class TestUsage:
    def test_says_first_what_is_left(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, 99)
        text = text_of(client.get(acme.url("subscription")))
        assert "Monthly quota: 900 of 1 000 units left." in text

    def test_says_when_a_quota_is_used_up(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, units=999)
        text = text_of(client.get(acme.url("subscription")))
        assert "Monthly quota used up" in text

    def test_counts_calls_units_errors_and_refusals(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, 5, units=2)
        store_calls(acme.key, acme.endpoint, 3, status=404)
        store_calls(acme.key, acme.endpoint, 1, status=502, units=0, outcome="upstream_unreachable")
        store_rejections(acme.key, acme.endpoint, weight=40)
        text = text_of(client.get(acme.url("subscription")))
        assert "Calls 10 14 units" in text
        assert "Errors 40 % 3 of 4xx, 1 of 5xx" in text
        assert "Refused 41 Rate limit 41" in text

    def test_breaks_down_by_endpoint_and_by_key(self, client: Client, acme: World) -> None:
        second = EndpointFactory(tier=acme.endpoint.tier, path="/history", weight=10)
        staging = ApiKeyFactory(subscription=acme.subscription, name="staging")
        store_calls(staging, second, 2)
        response = client.get(acme.url("subscription"))
        text = text_of(response)
        assert "GET /history 2 20 0" in text
        assert "GET /forecast 1 1 0" in text
        assert f"staging {staging} 2 20 0" in text
        assert f"{acme.url('subscription-requests')}?endpoint={second.public_id}&range=30d" in links_of(response)

    def test_names_what_was_removed_since(self, client: Client, acme: World) -> None:
        ApiKey.objects.all().delete()
        assert "A removed key" in text_of(client.get(acme.url("subscription")))

    def test_shows_the_time_that_was_asked_for(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, 7, at=clock.now() - dt.timedelta(days=10))
        assert "1 call in the last 7 days" in text_of(client.get(acme.url("subscription"), {"range": "7d"}))
        assert "8 calls in the last 30 days" in text_of(client.get(acme.url("subscription"), {"range": "30d"}))
        day = (clock.now() - dt.timedelta(days=10)).date()
        assert "Calls by hour 7 calls" in text_of(client.get(acme.url("subscription"), {"from": day, "to": day}))

    def test_changing_the_time_fetches_only_the_numbers(self, client: Client, acme: World) -> None:
        headers = {"HX-Request": "true", "HX-Target": "usage"}
        html = client.get(acme.url("subscription"), {"range": "7d"}, headers=headers).content.decode()
        assert "<!DOCTYPE" not in html
        assert 'id="usage"' in html

    def test_dates_that_make_no_sense_say_why(self, client: Client, acme: World) -> None:
        response = client.get(acme.url("subscription"), {"from": "2026-02-02", "to": "2026-02-01"})
        assert "The first date is after the last." in text_of(response)

    def test_without_calls_leads_to_keys_and_documentation(self, client: Client, quiet: World) -> None:
        response = client.get(quiet.url("subscription"))
        assert "No calls yet" in text_of(response)
        assert quiet.url("subscription-keys") in links_of(response)

    def test_without_a_quota_counts_all_the_same(self, client: Client, acme: World) -> None:
        Quota.objects.all().delete()
        assert "The plan has no quota. 1 call in the last 30 days." in text_of(client.get(acme.url("subscription")))

    def test_takes_as_many_queries_for_200_rows_as_for_10(self, client: Client, acme: World) -> None:
        def add(number: int) -> None:
            for _ in range(number):
                endpoint = EndpointFactory(tier=acme.endpoint.tier)
                store_calls(ApiKeyFactory(subscription=acme.subscription), endpoint)

        add(10)
        few = count_queries(client, acme.url("subscription"))
        add(190)
        assert count_queries(client, acme.url("subscription")) == few

    def test_any_parameter_is_answered(self, client: Client, acme: World) -> None:
        for value in HOSTILE:
            params = {"range": value, "from": value, "to": value}
            assert client.get(acme.url("subscription"), params).status_code == 200, value
            assert client.get(acme.url("subscription-usage-csv"), params).status_code == 200, value


class TestCsv:
    def rows(self, client: Client, world: World, **params: str) -> list[dict[str, str]]:
        response = client.get(world.url("subscription-usage-csv"), params)
        assert response.headers["Content-Type"].startswith("text/csv")
        assert response.headers["Content-Disposition"].startswith("attachment")
        return list(csv.DictReader(io.StringIO(response.content.decode())))

    def test_holds_the_numbers_of_the_charts(self, client: Client, acme: World) -> None:
        rows = self.rows(client, acme, range="7d")
        assert len(rows) == 7
        assert rows[-1] | {"from": ""} == {
            "from": "", "calls": "1", "units": "1", "client_errors": "0", "server_errors": "0",
            "p50_ms": "7.5", "p95_ms": "9.8", "p99_ms": "9.9",
        }  # fmt: skip
        assert rows[0]["calls"] == "0"
        assert rows[0]["p50_ms"] == ""

    def test_is_linked_with_the_same_time(self, client: Client, acme: World) -> None:
        response = client.get(acme.url("subscription"), {"range": "7d"})
        assert f"{acme.url('subscription-usage-csv')}?range=7d" in links_of(response)


class TestDashboard:
    def test_says_first_how_many_calls_and_what_is_near_its_limit(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, 1, units=899)
        text = text_of(client.get(acme.url("dashboard")))
        assert "2 calls in the last 30 days. Weather of Acme has 100 units left of its monthly quota." in text

    def test_says_what_is_used_too_fast(self, client: Client, acme: World) -> None:
        store_calls(acme.key, acme.endpoint, 1, units=699)
        text = text_of(client.get(acme.url("dashboard")))
        assert "At this pace, Weather of Acme uses up its monthly quota in 4 d." in text

    def test_says_that_nothing_is_near(self, client: Client, acme: World) -> None:
        assert "Nothing is near its limit." in text_of(client.get(acme.url("dashboard")))

    def test_shows_recent_refusals_with_the_way_to_the_reason(self, client: Client, acme: World) -> None:
        response = client.get(acme.url("dashboard"))
        assert "429 Rate limit" in text_of(response)
        assert acme.url("request", request_id=acme.refused) in links_of(response)

    def test_shows_the_fullest_quota_first(self, client: Client, acme: World) -> None:
        full = SubscriptionFactory(organization=acme.organization, plan__tier__product__name="Full one")
        QuotaFactory(plan=full.plan, included_units=10)
        store_calls(ApiKeyFactory(subscription=full), EndpointFactory(tier=full.plan.tier), units=9)
        text = text_of(client.get(acme.url("dashboard")))
        assert text.index("Full one Plan") < text.index("Weather of Acme Standard")

    def test_counts_only_what_is_the_organizations(self, client: Client, acme: World) -> None:
        other = make_world("Other")
        store_calls(other.key, other.endpoint, 50)
        text = text_of(client.get(acme.url("dashboard")))
        assert "1 call in the last 30 days" in text
        assert "Other" not in text

    def test_without_subscriptions_leads_to_the_marketplace(self, client: Client) -> None:
        organization, user = member()
        client.force_login(user)
        response = client.get(f"/o/{organization.slug}/")
        assert "Call your first API" in text_of(response)
        assert "/products/" in links_of(response)

    def test_takes_as_many_queries_for_200_subscriptions_as_for_10(self, client: Client, acme: World) -> None:
        subscribe_and_call(acme, 10)
        few = count_queries(client, acme.url("dashboard"))
        subscribe_and_call(acme, 190)
        assert count_queries(client, acme.url("dashboard")) == few


class TestSubscriptions:
    def test_lists_them_with_plan_and_state(self, client: Client, acme: World) -> None:
        SubscriptionFactory(organization=acme.organization, status="canceled", canceled_at=clock.now())
        text = text_of(client.get(acme.url("subscriptions")))
        assert "Acme has 1 live subscription. 1 is canceled." in text
        assert "Standard Active" in text
        assert text.index("Standard Active") < text.index("Canceled")

    def test_without_any_leads_to_the_marketplace(self, client: Client) -> None:
        organization, user = member()
        client.force_login(user)
        response = client.get(f"/o/{organization.slug}/subscriptions/")
        assert "No subscriptions yet" in text_of(response)
        assert "/products/" in links_of(response)

    def test_takes_as_many_queries_for_200_as_for_10(self, client: Client, acme: World) -> None:
        subscribe_and_call(acme, 10)
        few = count_queries(client, acme.url("subscriptions"))
        subscribe_and_call(acme, 190)
        assert count_queries(client, acme.url("subscriptions")) == few

    def test_any_page_is_answered(self, client: Client, acme: World) -> None:
        for value in HOSTILE:
            assert client.get(acme.url("subscriptions"), {"page": value}).status_code == 200, value


class TestManage:
    def test_says_what_the_plan_allows(self, client: Client, acme: World) -> None:
        RateLimit.objects.create(
            plan=acme.subscription.plan, endpoint=acme.endpoint, name="endpoint-per-hour", max_calls=5, window="hour"
        )
        text = text_of(client.get(acme.url("subscription-manage")))
        for piece in ("Plan Standard: 1 000 a month.", "60 calls a minute", "GET /forecast 5 calls an hour"):
            assert piece in text

    def test_cancels_when_the_name_is_typed_and_keeps_it_in_the_history(self, client: Client, acme: World) -> None:
        name = acme.subscription.product.name
        assert f"Cancel {name}?" in text_of(client.get(acme.url("subscription-manage")))
        response = client.post(acme.url("subscription-cancel"), {"confirm": name}, follow=True)
        acme.subscription.refresh_from_db()
        assert acme.subscription.status == "canceled"
        text = text_of(response)
        assert f"The subscription to {name} is canceled." in text
        assert "Canceled: the keys stopped working" in text

    def test_another_name_cancels_nothing(self, client: Client, acme: World) -> None:
        for value in HOSTILE:
            response = client.post(acme.url("subscription-cancel"), {"confirm": value})
            assert response.status_code == 422, value
        assert "Not canceled" in text_of(response)
        acme.subscription.refresh_from_db()
        assert acme.subscription.status == "active"

    def test_a_second_cancel_says_that_it_is_done(self, client: Client, acme: World) -> None:
        for expected in (302, 422):
            response = client.post(acme.url("subscription-cancel"), {"confirm": acme.subscription.product.name})
            assert response.status_code == expected
        assert "cannot become “Canceled”" in text_of(response)

    def test_pages_of_a_paused_subscription_say_that_calls_are_refused(self, client: Client, acme: World) -> None:
        acme.subscription.status = "paused"
        acme.subscription.save()
        for name in ("subscription", "subscription-keys", "subscription-requests", "subscription-manage"):
            assert "Paused by the creator" in text_of(client.get(acme.url(name)))
