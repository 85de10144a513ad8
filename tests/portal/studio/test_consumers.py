"""Consumers of a product: who uses what, and what their creator may do about it."""

import datetime as dt

import pytest
from django.test import Client
from django.utils.formats import date_format

from apps.core import clock
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription, SubscriptionChange
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import EndpointFactory, ProductFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls, store_rejections
from tests.portal.studio.world import World
from tests.portal.support import count_queries, words

pytestmark = pytest.mark.django_db


class TestList:
    def test_shows_what_each_uses(self, ours: World, client: Client) -> None:
        started = clock.now() - dt.timedelta(days=3)
        acme = SubscriptionFactory(plan=ours.plan, organization__name="Acme", started_at=started)
        key = ApiKeyFactory(subscription=acme)
        store_calls(key, ours.endpoint, 449)
        store_calls(key, ours.endpoint, 1, status=500, units=0)
        text = words(client, ours.url("studio-consumers"))
        assert "2 organizations are subscribed" in text
        # 449 of 1000 units; 450 calls, of which one failed.
        assert "Active 44.9 % 450 0.2 %" in text

    def test_the_quota_nearest_its_end_is_the_one_that_shows(self, ours: World, client: Client) -> None:
        QuotaFactory(plan=ours.plan, included_units=10, period="day", name="daily")
        store_calls(ours.key, ours.endpoint, 8)
        assert "90 %" in words(client, ours.url("studio-consumers"))  # nine of ten a day, of a thousand a month

    def test_is_filtered(self, ours: World, client: Client) -> None:
        other = PlanFactory(tier=ours.tier, name="Other plan")
        SubscriptionFactory(plan=ours.plan, organization__name="Acme North")
        SubscriptionFactory(plan=other, organization__name="Acme South", status="paused")
        url = ours.url("studio-consumers")
        for params, shown, hidden in (
            ({"q": "acme"}, {"Acme North", "Acme South"}, {ours.subscription.organization.name}),
            ({"status": "paused"}, {"Acme South"}, {"Acme North"}),
            ({"plan": ours.plan.slug}, {"Acme North"}, {"Acme South"}),
            ({"q": "acme", "status": "canceled"}, {"No consumer matches"}, {"Acme North", "Acme South"}),
        ):
            text = words(client, url, **params)
            assert all(name in text for name in shown)
            assert not any(name in text for name in hidden)

    def test_an_empty_one_says_how_to_begin(self, ours: World, client: Client) -> None:
        Subscription.objects.update(product=ProductFactory())
        assert "Share the product's page" in words(client, ours.url("studio-consumers"))
        ours.product.status = "draft"
        ours.product.save()
        assert "once the product is published" in words(client, ours.url("studio-consumers"))

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            for subscription in SubscriptionFactory.create_batch(count, plan=ours.plan):
                store_calls(ApiKeyFactory(subscription=subscription), ours.endpoint)

        add(9)
        few = count_queries(client, ours.url("studio-consumers"))
        add(35)
        assert count_queries(client, ours.url("studio-consumers")) == few


class TestDetail:
    def test_shows_usage_quotas_and_history(self, ours: World, client: Client) -> None:
        slow = EndpointFactory(tier=ours.tier, path="/slow")
        store_calls(ours.key, slow, 3, status=504, units=0)
        store_rejections(ours.key, ours.endpoint, 2)
        text = words(client, ours.url("studio-consumer"))
        assert "Calls 4" in text
        assert "0 of theirs, 3 of yours" in text
        assert "Refused 3" in text
        assert "1 / 1 000" in text
        assert text.index("GET /slow") < text.index(f"GET {ours.endpoint.path}")

    def test_counts_the_calls_of_this_consumer_alone(self, ours: World, client: Client) -> None:
        other = ApiKeyFactory(subscription=SubscriptionFactory(plan=ours.plan))
        store_calls(other, ours.endpoint, 50)
        assert "Calls 1 in 30 days" in words(client, ours.url("studio-consumer"))

    def test_takes_as_many_queries_for_a_long_history_as_for_a_short_one(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            for number in range(count):
                SubscriptionChange.objects.create(
                    subscription=ours.subscription, kind="quota_reset", to_status="active", to_plan=ours.plan,
                    actor=ours.owner, occurred_at=clock.now() - dt.timedelta(hours=number),
                )  # fmt: skip
                store_calls(ours.key, EndpointFactory(tier=ours.tier))

        add(9)
        few = count_queries(client, ours.url("studio-consumer"))
        add(30)
        assert count_queries(client, ours.url("studio-consumer")) == few


class TestActions:
    def test_pausing_and_resuming(self, ours: World, client: Client) -> None:
        page = ours.url("studio-consumer")
        assert "is refused with 403 within 5 seconds" in words(client, page)
        client.post(ours.url("studio-consumer-pause"))
        ours.subscription.refresh_from_db()
        assert ours.subscription.status == SubscriptionStatus.PAUSED
        assert "Every call is refused" in words(client, page)
        client.post(ours.url("studio-consumer-resume"))
        ours.subscription.refresh_from_db()
        assert ours.subscription.status == SubscriptionStatus.ACTIVE
        assert [change.kind for change in ours.subscription.changes.all()] == ["resumed", "paused"]

    @pytest.mark.parametrize(("action", "status"), [("approve", "active"), ("decline", "canceled")])
    def test_who_waits_is_approved_or_declined(self, ours: World, client: Client, action: str, status: str) -> None:
        ours.subscription.status = SubscriptionStatus.PENDING_APPROVAL
        ours.subscription.save()
        assert "1 waits for your approval" in words(client, ours.url("studio-consumers"))
        assert "Waits for your approval" in words(client, ours.url("studio-consumer"))
        client.post(ours.url(f"studio-consumer-{action}"))
        ours.subscription.refresh_from_db()
        assert ours.subscription.status == status
        assert client.post(ours.url(f"studio-consumer-{action}")).status_code == 409
        assert "waits for" not in words(client, ours.url("studio-consumers"))

    def test_what_is_planned_is_told(self, ours: World, client: Client) -> None:
        end = date_format(ours.subscription.current_period_end, "j M Y")
        ours.subscription.pending_plan = PlanFactory(tier=ours.tier, name="Small")
        ours.subscription.save()
        for page in (ours.url("studio-consumers"), ours.url("studio-consumer")):
            assert f"Small from {end}" in words(client, page)
        ours.subscription.pending_plan, ours.subscription.cancel_at_period_end = None, True
        ours.subscription.save()
        for page in (ours.url("studio-consumers"), ours.url("studio-consumer")):
            assert f"ends on {end}" in words(client, page)

    def test_resetting_gives_the_whole_quota_and_keeps_the_usage(self, ours: World, client: Client) -> None:
        store_calls(ours.key, ours.endpoint, 9)
        assert "10 / 1 000" in words(client, ours.url("studio-consumer"))
        client.post(ours.url("studio-consumer-reset"))
        text = words(client, ours.url("studio-consumer"))
        assert "0 / 1 000" in text
        assert "Calls 10 in 30 days" in text

    def test_a_canceled_one_offers_nothing(self, ours: World, client: Client) -> None:
        ours.subscription.status = SubscriptionStatus.CANCELED
        ours.subscription.canceled_at = clock.now()
        ours.subscription.save()
        content = client.get(ours.url("studio-consumer")).content.decode()
        for action in ("pause", "resume", "reset-quota"):
            assert f"/{action}/" not in content
        assert client.post(ours.url("studio-consumer-pause")).status_code == 409
