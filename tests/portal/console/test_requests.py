"""The request log: every call, the right ones behind each filter, and why a call was refused."""

import datetime as dt
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.test import Client

from apps.core import clock
from apps.usage.selectors.requests import PAGE_SIZE
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import forget_calls, record_call, request_id, store_calls, store_rejections
from tests.portal.console.world import World, make_world
from tests.portal.support import HOSTILE, count_queries, links_of, member, text_of

pytestmark = pytest.mark.django_db

LOGS = ["subscription-requests", "requests"]


def shown(client: Client, url: str, **params: str) -> list[str]:
    """The ids of the requests on a page of the log."""
    response = client.get(url, params)
    assert response.status_code == 200
    return sorted({link.rstrip("/").rsplit("/", 1)[-1] for link in links_of(response) if "/req_" in link})


@pytest.mark.parametrize("log", LOGS)
class TestLog:
    def test_shows_forwarded_and_refused_calls(self, client: Client, acme: World, log: str) -> None:
        assert shown(client, acme.url(log)) == sorted([acme.answered, acme.refused])
        text = text_of(client.get(acme.url(log)))
        assert "429 Rate limit" in text
        assert "GET /forecast" in text

    def test_filters_by_outcome(self, client: Client, acme: World, log: str) -> None:
        (failed,) = store_calls(acme.key, acme.endpoint, status=500)
        url = acme.url(log)
        assert shown(client, url, outcome="ok") == [acme.answered]
        assert shown(client, url, outcome="errors") == [request_id(failed)]
        assert shown(client, url, outcome="rejected") == [acme.refused]
        assert len(shown(client, url, outcome="all")) == 3

    def test_filters_by_time(self, client: Client, acme: World, log: str) -> None:
        (old,) = store_calls(acme.key, acme.endpoint, at=clock.now() - dt.timedelta(days=10))
        day = str((clock.now() - dt.timedelta(days=10)).date())
        assert shown(client, acme.url(log), range="7d") == sorted([acme.answered, acme.refused])
        assert request_id(old) in shown(client, acme.url(log), range="30d")
        assert shown(client, acme.url(log), **{"from": day, "to": day}) == [request_id(old)]

    def test_shows_nothing_of_others(self, client: Client, acme: World, log: str) -> None:
        other = make_world("Other")
        assert other.answered not in shown(client, acme.url(log))
        assert "Other" not in text_of(client.get(acme.url(log)))

    def test_pages_through_everything_once(self, client: Client, acme: World, log: str) -> None:
        # The same instant over and over, so that only the id tells where a page ends.
        at = clock.now()
        for _ in range(PAGE_SIZE):
            store_calls(acme.key, acme.endpoint, at=at)
            store_rejections(acme.key, acme.endpoint, at=at)
        found: list[str] = []
        cursor = ""
        for _page in range(10):
            response = client.get(acme.url(log), {"cursor": cursor})
            found += [link.rstrip("/").rsplit("/", 1)[-1] for link in links_of(response) if "/req_" in link]
            older = [link for link in links_of(response) if link.startswith("?cursor=")]
            if not older:
                break
            cursor = older[0].removeprefix("?cursor=")
        assert len(found) == len(set(found)) == 2 * PAGE_SIZE + 2

    def test_pages_keep_the_filters(self, client: Client, acme: World, log: str) -> None:
        store_calls(acme.key, acme.endpoint, PAGE_SIZE + 1)
        response = client.get(acme.url(log), {"outcome": "ok", "range": "7d"})
        (older,) = [link for link in links_of(response) if "cursor=" in link]
        assert older.startswith("?outcome=ok&range=7d&cursor=")

    def test_a_filter_that_is_set_can_be_taken_off(self, client: Client, acme: World, log: str) -> None:
        response = client.get(acme.url(log), {"outcome": "ok", "range": "7d", "cursor": ""})
        assert "?range=7d" in links_of(response)

    def test_a_filter_without_a_match_says_so(self, client: Client, acme: World, log: str) -> None:
        response = client.get(acme.url(log), {"outcome": "errors"})
        assert "Nothing matches these filters" in text_of(response)
        assert acme.url(log) in links_of(response)

    def test_without_calls_says_what_shows_here(self, client: Client, acme: World, log: str) -> None:
        forget_calls()
        assert "No requests in this time" in text_of(client.get(acme.url(log)))

    def test_answers_a_filter_with_the_log_alone(self, client: Client, acme: World, log: str) -> None:
        headers = {"HX-Request": "true", "HX-Target": "log"}
        html = client.get(acme.url(log), {"outcome": "ok"}, headers=headers).content.decode()
        assert "<!DOCTYPE" not in html
        assert 'id="log"' in html

    def test_takes_as_many_queries_for_200_rows_as_for_10(self, client: Client, acme: World, log: str) -> None:
        def add(number: int) -> None:
            for _ in range(number):
                store_calls(ApiKeyFactory(subscription=acme.subscription), EndpointFactory(tier=acme.endpoint.tier))

        add(10)
        few = count_queries(client, acme.url(log))
        add(190)
        assert count_queries(client, acme.url(log)) == few

    def test_any_parameter_is_answered_with_a_page_or_the_reason(self, client: Client, acme: World, log: str) -> None:
        names = ("outcome", "endpoint", "key", "subscription", "range", "from", "to")
        for value in HOSTILE:
            assert client.get(acme.url(log), dict.fromkeys(names, value)).status_code == 200, value
            assert client.get(acme.url(log), {"cursor": value}).status_code in (200, 422), value
        for cursor in ("1.x", "1", ".", f"{10**30}.{'0' * 32}", f"-1.{'0' * 32}", f"{10**18}.{'f' * 32}"):
            assert client.get(acme.url(log), {"cursor": cursor}).status_code in (200, 422), cursor


class TestFilters:
    def test_one_subscription_is_filtered_by_endpoint_and_key(self, client: Client, acme: World) -> None:
        endpoint = EndpointFactory(tier=acme.endpoint.tier, path="/history")
        key = ApiKeyFactory(subscription=acme.subscription, name="staging")
        (by_endpoint,) = store_calls(acme.key, endpoint)
        (by_key,) = store_calls(key, acme.endpoint)
        url = acme.url("subscription-requests")
        assert shown(client, url, endpoint=endpoint.public_id) == [request_id(by_endpoint)]
        assert shown(client, url, key=key.public_id) == [request_id(by_key)]

    def test_a_removed_endpoint_can_still_be_named(self, client: Client, acme: World) -> None:
        acme.endpoint.removed_at = clock.now()
        acme.endpoint.save()
        found = shown(client, acme.url("subscription-requests"), endpoint=acme.endpoint.public_id)
        assert found == sorted([acme.answered, acme.refused])

    def test_all_subscriptions_are_filtered_by_product(self, client: Client, acme: World) -> None:
        second = SubscriptionFactory(organization=acme.organization)
        key = ApiKeyFactory(subscription=second)
        (call,) = store_calls(key, EndpointFactory(tier=second.plan.tier))
        assert shown(client, acme.url("requests"), subscription=second.public_id) == [request_id(call)]
        assert len(shown(client, acme.url("requests"))) == 3

    @pytest.mark.parametrize("name", ["endpoint", "key", "subscription"])
    def test_what_belongs_to_others_is_no_filter(self, client: Client, acme: World, name: str) -> None:
        other = make_world("Other")
        values = {"endpoint": other.endpoint, "key": other.key, "subscription": other.subscription}
        log = "requests" if name == "subscription" else "subscription-requests"
        response = client.get(acme.url(log), {name: values[name].public_id})
        assert "does not exist, so it is left out" in text_of(response)
        assert other.answered not in response.content.decode()


class TestDetail:
    @pytest.mark.parametrize("page", ["request", "subscription-request"])
    def test_says_why_a_call_was_refused_and_what_to_do(self, client: Client, acme: World, page: str) -> None:
        response = client.get(acme.url(page, request_id=acme.refused))
        text = text_of(response)
        for piece in (
            "Refused with 429: Rate limit. It took no quota.",
            "Why was I blocked?",
            "60 calls had passed within the window, and the limit is 60.",
            "Rule per-minute: 60 calls a minute Counter 60 Limit 60",
            "What to do Wait for the seconds that Retry-After names",
            acme.refused,
        ):
            assert piece in text
        assert f"/products/{acme.subscription.product.slug}/plans/" in links_of(response)

    @pytest.mark.parametrize("page", ["request", "subscription-request"])
    def test_shows_what_was_recorded_of_the_consumers_own_call(self, client: Client, acme: World, page: str) -> None:
        record_call(UUID(acme.answered.removeprefix("req_")), acme.subscription.product)
        assert "Headers of the answer x-a: b" in text_of(client.get(acme.url(page, request_id=acme.answered)))

    def test_names_the_quota_that_refused_a_call(self, client: Client, acme: World) -> None:
        (refused,) = store_rejections(
            acme.key, acme.endpoint, code="quota_exceeded", policy="monthly", counter=1000, limit=1000
        )
        text = text_of(client.get(acme.url("request", request_id=request_id(refused))))
        assert "1 000 of the 1 000 units of the period were used" in text
        assert "Rule monthly: 1 000 a month" in text

    def test_shows_what_became_of_a_forwarded_call(self, client: Client, acme: World) -> None:
        text = text_of(client.get(acme.url("request")))
        assert "Answered with 200 in 12 ms." in text
        assert "of which 8.0 ms at the backend" in text
        assert "Why was I blocked?" not in text
        assert f"production {acme.key}" in text

    def test_says_what_went_wrong_with_a_call_that_failed(self, client: Client, acme: World) -> None:
        (failed,) = store_calls(acme.key, acme.endpoint, status=504, outcome="upstream_timeout", units=0)
        text = text_of(client.get(acme.url("request", request_id=request_id(failed))))
        assert "Failed with 504: Backend too slow." in text
        assert "0 not billed" in text

    def test_a_call_that_was_lost_is_not_called_refused(self, client: Client, acme: World) -> None:
        (lost,) = store_rejections(
            acme.key, acme.endpoint, code="abandoned", status=0, policy="", counter=None, limit=None
        )
        text = text_of(client.get(acme.url("request", request_id=request_id(lost))))
        assert "What went wrong?" in text
        assert "Refused" not in text

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 408, 413, 429, 501, 503])
    def test_a_code_that_is_not_known_has_a_page_too(self, client: Client, acme: World, status: int) -> None:
        (refused,) = store_rejections(acme.key, acme.endpoint, code="something_new", status=status, policy="gone")
        assert "Something new" in text_of(client.get(acme.url("request", request_id=request_id(refused))))

    def test_a_call_of_what_was_removed_has_a_page(self, client: Client, acme: World) -> None:
        acme.endpoint.removed_at = clock.now()
        acme.endpoint.save()
        acme.key.delete()
        text = text_of(client.get(acme.url("request")))
        assert "removed since" in text


def test_without_subscriptions_the_log_leads_to_the_marketplace(client: Client) -> None:
    organization, user = member()
    client.force_login(user)
    response = client.get(f"/o/{organization.slug}/requests/?{urlencode({'outcome': 'ok'})}")
    assert "No subscriptions yet" in text_of(response)
    assert "/products/" in links_of(response)
