"""Usage and request log of a product: the numbers of all its consumers, and of nothing else."""

import csv
import datetime as dt
from uuid import UUID

import pytest
from django.test import Client

from apps.core import clock
from apps.portal.requests.explanations import _FAILURES, _REFUSALS
from apps.portal.requests.lines import explain
from apps.portal.studio.advice import _WORDS, explain_to_creator
from apps.usage.models import Rejection, UsageEvent
from apps.usage.selectors import RequestEntry
from apps.usage.selectors.requests import PAGE_SIZE
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import record_call, request_id, store_calls, store_rejections
from tests.portal.studio.world import World, world
from tests.portal.support import count_queries, text_of, words

pytestmark = pytest.mark.django_db


class TestUsage:
    def test_counts_calls_errors_and_refusals(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, 2, status=404)
        store_calls(ours.key, ours.endpoint, 1, status=502, units=0)
        text = words(client, ours.url("studio-usage"))
        assert "4 calls in the last 30 days" in text
        assert "Your backend failed 1 of them" in text
        assert "2 of 4xx, 1 of 5xx" in text
        assert "Rate limit rate_limited 1" in text

    def test_never_counts_another_product(self, ours: World, client: Client) -> None:
        theirs = world()
        store_calls(theirs.key, theirs.endpoint, 50)
        assert "1 call in the last 30 days" in words(client, ours.url("studio-usage"))

    def test_is_broken_down_by_endpoint_and_by_consumer(self, ours: World, client: Client) -> None:
        busy = EndpointFactory(tier=ours.tier, path="/busy", weight=2)
        acme = ApiKeyFactory(subscription=SubscriptionFactory(plan=ours.plan, organization__name="Acme"))
        store_calls(acme, busy, 5, origin_us=200_000)
        text = words(client, ours.url("studio-usage"))
        assert "GET /busy 5 10 0" in text
        assert f"Acme {ours.plan.name} 5 10 0" in text

    def test_is_narrowed_to_a_consumer_and_an_endpoint(self, ours: World, client: Client) -> None:
        busy = EndpointFactory(tier=ours.tier, path="/busy")
        acme = SubscriptionFactory(plan=ours.plan, organization__name="Acme")
        key = ApiKeyFactory(subscription=acme)
        store_calls(key, busy, 5)
        store_calls(key, ours.endpoint, 3)
        url = ours.url("studio-usage")
        assert "8 calls in" in words(client, url, consumer=acme.public_id)
        assert "5 calls in" in words(client, url, endpoint=busy.public_id)
        assert "3 calls in" in words(client, url, consumer=acme.public_id, endpoint=ours.endpoint.public_id)

    def test_what_is_not_ours_narrows_nothing_and_says_so(self, ours: World, client: Client) -> None:
        theirs = world()
        for name, value in (("consumer", theirs.subscription.public_id), ("endpoint", theirs.endpoint.public_id)):
            text = words(client, ours.url("studio-usage"), **{name: value})
            assert "1 call in" in text
            assert "does not exist, so it is left out" in text

    def test_shows_the_time_that_is_asked_for(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, 6, at=clock.now() - dt.timedelta(days=20))
        url = ours.url("studio-usage")
        assert "1 call in the last 7 days" in words(client, url, range="7d")
        assert "7 calls in the last 30 days" in words(client, url, range="30d")

    def test_an_empty_one_says_what_comes(self, ours: World, client: Client) -> None:
        UsageEvent.objects.all().delete()
        bare = EndpointFactory()
        bare.product.organization = ours.organization
        bare.product.save()
        assert "No calls yet" in words(client, ours.url("studio-usage", slug=bare.product.slug))

    def test_the_file_has_the_numbers_of_the_charts(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, 2, status=500, units=0)
        response = client.get(ours.url("studio-usage-csv"), {"range": "24h"})
        assert response.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(response.content.decode().splitlines()))
        assert len(rows) == 24
        assert sum(int(row["calls"]) for row in rows) == 3
        assert sum(int(row["server_errors"]) for row in rows) == 2

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            for subscription in SubscriptionFactory.create_batch(count, plan=ours.plan):
                store_calls(ApiKeyFactory(subscription=subscription), EndpointFactory(tier=ours.tier))

        add(9)
        few = count_queries(client, ours.url("studio-usage"))
        add(35)
        assert count_queries(client, ours.url("studio-usage")) == few


class TestRequests:
    def test_shows_answered_failed_and_refused_calls(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, 1, status=502, outcome="upstream_unreachable", units=0)
        text = words(client, ours.url("studio-requests"))
        assert "502 Backend unreachable" in text
        assert "429 Rate limit · per-minute" in text
        assert ours.subscription.organization.name in text

    def test_shows_calls_of_nobody_we_know(self, ours: World, client: Client) -> None:
        store_rejections(
            ours.key, ours.endpoint, subscription_id=None, api_key_id=None, endpoint_id=None, status=401,
            code="key_missing", policy="", counter=None, limit=None,
        )  # fmt: skip
        assert "401 No key" in words(client, ours.url("studio-requests"))

    def test_never_names_the_consumers_keys(self, ours: World, client: Client) -> None:
        ours.key.name = "their-own-word"
        ours.key.save()
        for name in ("studio-requests", "studio-request"):
            content = client.get(ours.url(name)).content.decode()
            assert "their-own-word" not in content
            assert ours.key.last4 not in content

    def test_is_filtered(self, ours: World, client: Client) -> None:
        acme = SubscriptionFactory(plan=ours.plan)
        late = request_id(store_calls(ApiKeyFactory(subscription=acme), ours.endpoint, status=404)[0])
        url = ours.url("studio-requests")
        for params, shown in (
            ({}, {ours.answered, ours.refused, late}),
            ({"outcome": "ok"}, {ours.answered}),
            ({"outcome": "errors"}, {late}),
            ({"outcome": "rejected"}, {ours.refused}),
            ({"consumer": acme.public_id}, {late}),
            ({"consumer": acme.public_id, "outcome": "ok"}, set()),
        ):
            content = client.get(url, params).content.decode()
            assert {one for one in (ours.answered, ours.refused, late) if f"/{one}/" in content} == shown

    def test_pages_on_to_the_last(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, PAGE_SIZE + 10, at=clock.now() - dt.timedelta(minutes=5))
        url = ours.url("studio-requests")
        first = client.get(url)
        second = client.get(url, {"cursor": first.context["older"]})
        ids = [line.entry.request_id for response in (first, second) for line in response.context["lines"]]
        assert len(ids) == len(set(ids)) == PAGE_SIZE + 12
        assert second.context["older"] == ""

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            for subscription in SubscriptionFactory.create_batch(count, plan=ours.plan):
                key = ApiKeyFactory(subscription=subscription)
                store_calls(key, EndpointFactory(tier=ours.tier))
                store_rejections(key, ours.endpoint)

        add(5)
        few = count_queries(client, ours.url("studio-requests"))
        add(20)
        assert count_queries(client, ours.url("studio-requests")) == few


class TestRequest:
    def test_says_which_rule_refused_it_and_what_to_do(self, ours: World, client: Client) -> None:
        text = words(client, ours.url("studio-request"))
        assert "Refused with 429" in text
        assert "It did not reach your backend" in text
        assert "60 calls had passed within the window, and the limit is 60." in text
        assert "per-minute: 60 calls a minute" in text
        assert "Open the plans" in text

    def test_says_how_an_answer_went(self, ours: World, client: Client) -> None:
        text = words(client, ours.url("studio-request", request_id=ours.answered))
        assert "Answered with 200 in 12 ms" in text
        assert "of which 8.0 ms at the backend" in text

    def test_shows_what_was_recorded_of_the_call(self, ours: World, client: Client) -> None:
        page = ours.url("studio-request", request_id=ours.answered)
        assert "Recorded" not in words(client, page)
        record_call(UUID(ours.answered.removeprefix("req_")), ours.product)
        text = words(client, page)
        for shown in ("Headers of the request accept: */*", "x-a: b", '{"sky": "<b>clear</b>"}', "city=Bern"):
            assert shown in text
        assert "<b>clear" not in client.get(page).content.decode()

    def test_leads_to_the_consumer_whose_quota_is_used_up(self, ours: World, client: Client) -> None:
        refused = store_rejections(ours.key, ours.endpoint, code="quota_exceeded", policy="monthly")
        content = client.get(ours.url("studio-request", request_id=request_id(refused[0]))).content.decode()
        assert f'href="{ours.url("studio-consumer")}"' in content
        assert "you can reset their quota" in content

    @pytest.mark.parametrize("code", sorted({*_REFUSALS, *_FAILURES}))
    def test_every_page_of_a_failure_renders_with_words_for_a_creator(
        self, ours: World, client: Client, code: str
    ) -> None:
        if code in _REFUSALS:
            stored = store_rejections(ours.key, ours.endpoint, code=code, status=400)
        else:
            stored = store_calls(ours.key, ours.endpoint, outcome=code, status=502, units=0)
        response = client.get(ours.url("studio-request", request_id=request_id(stored[0])))
        assert response.status_code == 200
        assert "What to do" in text_of(response)

    def test_no_word_for_consumers_reaches_the_creator(self) -> None:
        """Each code has advice for creators, what speaks to the caller is said otherwise, no word is for nothing."""
        codes = {*_REFUSALS, *_FAILURES}
        assert set(_WORDS) <= codes
        for code in codes:
            entry = RequestEntry(
                event=UsageEvent(outcome=code) if code in _FAILURES else None,
                rejection=None if code in _FAILURES else Rejection(code=code),
                subscription=None, endpoint=None, api_key=None,
            )  # fmt: skip
            theirs, ours = explain(entry), explain_to_creator(entry)
            assert theirs is not None
            assert ours is not None
            assert ours.advice
            assert ours.advice != theirs.advice
            assert "Your program" not in f"{ours.title} {ours.rule}"
            assert "You hung up" not in ours.title
