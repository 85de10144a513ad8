"""Plans: what a form makes of them, and that a published one never changes under its subscribers."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.plans.models import Plan, PlanGrant, RateLimit
from apps.plans.pricing import TierPrice
from apps.plans.selectors import count_subscribers_by_slug
from apps.subscriptions.models import Subscription
from tests.factories.accounts import OrganizationFactory
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls
from tests.portal.studio.world import World
from tests.portal.support import count_queries, text_of

pytestmark = pytest.mark.django_db


def body(
    ours: World, *, quotas: Sequence[Any] = (), limits: Sequence[Any] = (), tiers: Sequence[Any] = (), **changed: str
) -> dict[str, str]:
    """The form of a plan; a quota is (units, period, anchor), a limit (calls, window, endpoint)."""
    fields = {"name": "Growth", "tier": ours.tier.slug, "price": "0", "interval": "month"}
    fields |= {"overage": "block", "visibility": "public", "quota_on_change": "reset"}
    for prefix, names, rows in (
        ("quotas", ("included_units", "period", "anchor"), quotas),
        ("price_tiers", ("up_to_units", "unit_price", "flat_price"), tiers),
        ("rate_limits", ("max_calls", "window", "endpoint"), limits),
    ):
        fields |= {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": "0"}
        for number, row in enumerate(rows):
            fields |= {f"{prefix}-{number}-{name}": str(value) for name, value in zip(names, row, strict=True)}
    return fields | changed


class TestCreate:
    def test_a_draft_with_several_quotas_and_limits(self, ours: World, client: Client) -> None:
        quotas = [(1000, "month", "subscription"), (50, "day", "calendar"), ("", "year", "calendar")]
        limits = [(60, "minute", ""), (2, "second", ours.endpoint), ("", "hour", "")]
        fields = body(ours, quotas=quotas, limits=limits, price="29.50", description="For teams.", max_concurrent="4")
        assert client.post(ours.url("studio-plan-new"), fields).status_code == 302
        plan = Plan.objects.get(name="Growth")
        assert (plan.published_at, plan.price_amount, plan.currency, plan.description) == (
            None, 2950, "USD", "For teams."
        )  # fmt: skip
        assert plan.max_concurrent == 4
        assert "4 calls at once" in client.get(ours.url("studio-plans")).content.decode()
        # Rows without a number do not count.
        assert {(one.included_units, one.period, one.anchor) for one in plan.quotas.all()} == set(quotas[:2])
        assert {(one.max_calls, one.window, one.endpoint) for one in plan.rate_limits.all()} == {
            (60, "minute", None), (2, "second", ours.endpoint),
        }  # fmt: skip

    def test_a_row_is_added_without_losing_what_was_typed(self, ours: World, client: Client) -> None:
        fields = body(ours, quotas=[("7x", "day", "calendar")], add="quotas", price="a")
        response = client.post(ours.url("studio-plan-new"), fields)
        editor = response.context["editor"]
        assert response.status_code == 200
        assert [form.initial for form in editor.quotas.forms] == [
            {"included_units": "7x", "period": "day", "anchor": "calendar"}, {},
        ]  # fmt: skip
        assert not editor.has_errors
        assert 'value="7x"' in response.content.decode()
        assert not Plan.objects.filter(name="Growth").exists()

    def test_a_row_is_removed(self, ours: World, client: Client) -> None:
        limits = [(1, "second", ""), (2, "minute", ""), (3, "hour", "")]
        fields = body(ours, limits=limits, remove="rate_limits-1")
        editor = client.post(ours.url("studio-plan-new"), fields).context["editor"]
        assert [form.initial["max_calls"] for form in editor.rate_limits.forms] == ["1", "3"]

    def test_htmx_gets_the_rows_alone(self, ours: World, client: Client) -> None:
        asked = {"HX-Request": "true", "HX-Target": "plan-rows"}
        response = client.post(ours.url("studio-plan-new"), body(ours, add="rate_limits"), headers=asked)
        content = response.content.decode()
        assert "rate_limits-0-max_calls" in content
        assert "autofocus" in content
        assert "<main" not in content

    @pytest.mark.parametrize("name", ["", "x" * 41, "\u202e"])
    def test_a_name_that_is_none(self, ours: World, client: Client, name: str) -> None:
        assert client.post(ours.url("studio-plan-new"), body(ours, name=name)).status_code == 422


class TestRevise:
    def test_a_plan_on_sale_gets_a_new_version_and_its_subscribers_stay(self, ours: World, client: Client) -> None:
        before = {
            "plan": Plan.objects.filter(pk=ours.plan.pk).values().get(),
            "quotas": list(ours.plan.quotas.values()),
            "limits": list(ours.plan.rate_limits.values()),
        }
        page = client.get(ours.url("studio-plan"))
        assert "The 1 subscriber of version 1 stays on it" in text_of(page)
        client.post(ours.url("studio-plan"), body(ours, quotas=[(5, "day", "calendar")], name="New name"))
        ours.subscription.refresh_from_db()
        assert ours.subscription.plan == ours.plan
        old = Plan.objects.filter(pk=ours.plan.pk).values().get()
        assert old.pop("withdrawn_at") is not None
        assert old == {key: value for key, value in before["plan"].items() if key != "withdrawn_at"}
        assert list(ours.plan.quotas.values()) == before["quotas"]
        assert list(ours.plan.rate_limits.values()) == before["limits"]
        new = Plan.objects.on_sale().get(product=ours.product)
        assert (new.version, new.slug, new.name) == (2, ours.plan.slug, "New name")

    def test_the_form_says_what_the_plan_says(self, ours: World, client: Client) -> None:
        plan = PlanFactory(tier=ours.tier, price_amount=1999, published_at=None)
        QuotaFactory(plan=plan, included_units=7, period="week", anchor="calendar", name="weekly")
        RateLimitFactory(plan=plan, endpoint=ours.endpoint, max_calls=3, window="hour", name="endpoint-per-hour")
        editor = client.get(ours.url("studio-plan", plan_id=plan.public_id)).context["editor"]
        assert editor.form.initial["price"].as_tuple() == (0, (1, 9, 9, 9), -2)
        assert [form.initial for form in editor.quotas.forms] == [
            {"included_units": 7, "period": "week", "anchor": "calendar"}
        ]
        assert [form.initial for form in editor.rate_limits.forms] == [
            {"max_calls": 3, "window": "hour", "endpoint": str(ours.endpoint)}
        ]

    def test_an_old_version_is_not_changed(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-plan"), body(ours))
        assert client.get(ours.url("studio-plan")).status_code == 409
        assert client.post(ours.url("studio-plan"), body(ours)).status_code == 409
        assert Plan.objects.filter(slug=ours.plan.slug).count() == 2

    def test_a_limit_of_a_removed_endpoint_is_not_carried_on(self, ours: World, client: Client) -> None:
        RateLimitFactory(plan=ours.plan, endpoint=ours.endpoint, name="endpoint-per-minute")
        client.post(ours.url("studio-endpoint-remove"))
        editor = client.get(ours.url("studio-plan")).context["editor"]
        assert [form.initial["endpoint"] for form in editor.rate_limits.forms] == [""]

    def test_another_currency_keeps_its_minor_unit(self, ours: World, client: Client) -> None:
        plan = PlanFactory(tier=ours.tier, price_amount=500, currency="JPY")
        url = ours.url("studio-plan", plan_id=plan.public_id)
        assert "JPY" in text_of(client.get(url))
        assert client.post(url, body(ours, price="1.5")).status_code == 422
        assert client.post(url, body(ours, price="100000000")).status_code == 422
        client.post(url, body(ours, price="700"))
        new = Plan.objects.on_sale().get(slug=plan.slug)
        assert (new.price_amount, new.currency) == (700, "JPY")


class TestTerms:
    EXTRA = {"overage": "per_unit", "overage_price": "0.002", "overage_max": "50000"}

    def test_extra_units_belong_to_the_quota_of_the_billing_interval(self, ours: World, client: Client) -> None:
        quotas = [(10_000, "month", "subscription"), (500, "day", "calendar")]
        terms = {"interval": "month", "price": "29", "visibility": "private", "requires_approval": "on"}
        fields = body(ours, quotas=quotas, **self.EXTRA, **terms, quota_on_change="carry_over")
        assert client.post(ours.url("studio-plan-new"), fields).status_code == 302
        plan = Plan.objects.get(name="Growth")
        assert (plan.visibility, plan.requires_approval, plan.quota_on_change) == ("private", True, "carry_over")
        monthly, daily = plan.quotas.order_by("-included_units")
        assert (monthly.overage, monthly.overage_unit_amount, monthly.overage_max_units) == (
            "per_unit", Decimal("0.2"), 50_000,
        )  # fmt: skip
        assert daily.overage == "block"
        page = client.get(ours.url("studio-plan", plan_id=plan.public_id))
        form = page.context["editor"].form
        assert (form.initial["overage_price"], form.initial["overage_max"]) == ("0.002", 50_000)
        text = text_of(page).replace("\u202f", " ")
        assert "Beyond 10 000 a month: 0.002 USD each, up to 50 000" in text
        assert "Nobody is named yet, so nobody can subscribe." in text
        assert "29.00 USD / month" in text

    def test_the_sentence_follows_what_is_typed_and_nothing_is_saved(self, ours: World, client: Client) -> None:
        before = Plan.objects.count()
        asked = {"HX-Request": "true", "HX-Target": "overage-sentence"}
        for url in (ours.url("studio-plan-new"), ours.url("studio-plan")):
            fields = body(ours, quotas=[(7, "year", "subscription")], interval="year", **self.EXTRA)
            said = client.post(url, fields, headers=asked).content.decode().replace("\u202f", " ")
            assert "Beyond 7 a year: 0.002 USD each, up to 50 000" in said
            assert "<main" not in said
            for half_typed in ({"overage_price": "0."}, {"overage_max": ""}, {"interval": "x"}, {"name": ""}):
                said = client.post(url, fields | half_typed, headers=asked).content.decode()
                assert "Beyond" not in said or half_typed == {"overage_price": "0."}
        assert Plan.objects.count() == before

    def test_tiers_are_written_row_by_row_and_read_again(self, ours: World, client: Client) -> None:
        rows = [("1000", "0.002", ""), ("", "0.001", "0.50"), ("", "", "")]
        fields = body(ours, quotas=[(10_000, "month", "subscription")], tiers=rows, price="29", trial_days="14")
        fields |= {"overage": "graduated", "overage_max": "50000", "trial_requires_card": "on"}
        url, tiers = ours.url("studio-plan-new"), {"HX-Request": "true", "HX-Target": "price-tiers"}
        more = client.post(url, fields | {"add": "price_tiers"}, headers=tiers).content.decode()
        assert "price_tiers-3-up_to_units" in more
        assert "quotas-0" not in more, "only the part that was asked for"
        said = text_of(client.post(url, fields, headers={"HX-Request": "true", "HX-Target": "overage-sentence"}))
        assert "the first 1 000 for 0.002 USD each, the rest for 0.001 USD each and 0.50 USD once" in said
        assert client.post(url, fields).status_code == 302
        plan = Plan.objects.get(name="Growth")
        quota = plan.quotas.get()
        assert quota.tier_prices == (TierPrice(1000, Decimal("0.2")), TierPrice(None, Decimal("0.1"), 50))
        assert (plan.trial_days, plan.trial_requires_card, quota.overage_max_units) == (14, True, 50_000)
        editor = client.get(ours.url("studio-plan", plan_id=plan.public_id)).context["editor"]
        assert [tuple(form.initial.values()) for form in editor.price_tiers.forms] == [
            (1000, "0.002", None), (None, "0.001", "0.5"),
        ]  # fmt: skip
        for wrong in ({"price_tiers-1-up_to_units": "2000"}, {"price_tiers-0-up_to_units": ""},
                      {"price_tiers-0-unit_price": "x"}, {"price_tiers-TOTAL_FORMS": "0"}):  # fmt: skip
            assert client.post(url, fields | {"name": "Other"} | wrong).status_code == 422, wrong
        assert client.post(url, fields | {"name": "Per unit"} | self.EXTRA).status_code == 302, "tiers do not count"

    @pytest.mark.parametrize(
        ("quotas", "changed", "field"),
        [
            ([], {}, "overage"),
            ([(7, "month", "calendar")], {}, "overage"),
            ([(7, "month", "subscription")], {"interval": "year"}, "overage"),
            ([(7, "month", "subscription")], {"overage_price": ""}, "overage_price"),
            ([(7, "month", "subscription")], {"overage_max": "0"}, "overage_max"),
            ([(7, "month", "subscription")], {"overage_price": "-1"}, "overage_price"),
        ],
    )
    def test_a_price_without_what_it_is_for_is_refused(
        self, ours: World, client: Client, quotas: list[Any], changed: dict[str, str], field: str
    ) -> None:
        response = client.post(ours.url("studio-plan-new"), body(ours, quotas=quotas, **(self.EXTRA | changed)))
        assert (response.status_code, list(response.context["editor"].form.errors)) == (422, [field])

    def test_organizations_are_named_and_removed(self, ours: World, client: Client) -> None:
        acme = OrganizationFactory(name="Acme Labs", slug="acme-labs")
        page = ours.url("studio-plan")
        client.post(ours.url("studio-plan-grant"), {"organization": "acme-labs"})
        assert "Acme Labs acme-labs Remove Acme Labs" in text_of(client.get(page))
        client.post(ours.url("studio-plan-revoke"), {"organization": acme.slug})
        assert not PlanGrant.objects.exists()
        answer = client.post(ours.url("studio-plan-grant"), {"organization": "nobody\x00"}, follow=True)
        assert "There is no organization with this short name." in text_of(answer)
        assert client.post(ours.url("studio-plan-revoke"), {"organization": "acme-labs"}).status_code == 404

    def test_versions_with_their_subscribers(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-plan"), body(ours, name=ours.plan.name))
        new = Plan.objects.on_sale().get(slug=ours.plan.slug)
        SubscriptionFactory.create_batch(2, plan=new)
        page = client.get(ours.url("studio-plan", plan_id=new.public_id))
        assert [(one.version, one.live_subscriptions) for one in page.context["versions"]] == [(2, 2), (1, 1)]
        assert "2 this one Free" in text_of(page)


class TestSale:
    def test_a_draft_is_put_on_sale_and_taken_off(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-plan-publish", plan_id=ours.draft.public_id))
        ours.draft.refresh_from_db()
        assert ours.draft.is_on_sale
        client.post(ours.url("studio-plan-withdraw", plan_id=ours.draft.public_id))
        ours.draft.refresh_from_db()
        assert not ours.draft.is_on_sale

    def test_the_dialog_names_who_stays(self, ours: World, client: Client) -> None:
        SubscriptionFactory(plan=ours.plan)
        assert "Its 2 subscribers stay on it as it is" in text_of(client.get(ours.url("studio-plans")))


class TestList:
    def test_counts_the_subscribers_of_all_versions(self, ours: World, client: Client) -> None:
        SubscriptionFactory.create_batch(2, plan=ours.plan)
        SubscriptionFactory(plan=ours.plan, status="canceled", canceled_at=clock.now())
        client.post(ours.url("studio-plan"), body(ours, name=ours.plan.name))
        assert count_subscribers_by_slug(ours.product)[ours.plan.slug] == 3
        assert "3 0 on this version" in text_of(client.get(ours.url("studio-plans")))

    def test_shows_what_is_sold(self, ours: World, client: Client) -> None:
        RateLimitFactory(plan=ours.plan, endpoint=ours.endpoint, name="endpoint-per-minute")
        text = text_of(client.get(ours.url("studio-plans"))).replace("\u202f", " ")
        assert "1 plan is on sale. 1 live subscription." in text
        assert "1 000 a month 60 calls a minute and 1 on a single endpoint Free 1" in text

    def test_an_empty_one_says_how_to_begin(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-plan-withdraw"))
        client.post(ours.url("studio-plan-withdraw", plan_id=ours.draft.public_id))
        text = text_of(client.get(ours.url("studio-plans")))
        assert "No plans yet" in text
        assert "nobody can subscribe" in text

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            for plan in PlanFactory.create_batch(count, tier=ours.tier):
                QuotaFactory(plan=plan)
                RateLimitFactory(plan=plan, endpoint=EndpointFactory(tier=ours.tier))

        add(8)
        few = count_queries(client, ours.url("studio-plans"))
        add(30)
        assert count_queries(client, ours.url("studio-plans")) == few
        assert RateLimit.objects.count() > 30


class TestSimulation:
    def test_it_shows_what_new_terms_would_have_cost_and_refused(self, ours: World, client: Client) -> None:
        plan = PlanFactory(tier=ours.tier, price_amount=1000)
        QuotaFactory(plan=plan, included_units=10)
        subscription = SubscriptionFactory(plan=plan, organization__name="Acme", organization__slug="acme")
        store_calls(ApiKeyFactory(subscription=subscription), ours.endpoint, units=25)
        Subscription.objects.filter(pk=subscription.pk).update(
            current_period_start=subscription.current_period_start - dt.timedelta(hours=1),
            anchored_at=subscription.anchored_at - dt.timedelta(hours=1),
        )
        url = ours.url("studio-plan", plan_id=plan.public_id)
        new = body(ours, quotas=[(5, "month", "subscription")], price="12", name="Growth") | {
            "overage": "per_unit", "overage_price": "0.5", "overage_max": "15", "simulate": "page",
        }  # fmt: skip
        page = client.post(url, new)
        (row,) = page.context["rows"]
        assert (row.units, row.is_whole) == (25, False)
        assert (row.old.total_amount, row.old.refused_units) == (1000, 15)
        # 12.00 and 15 extra units; 5 more would have been refused.
        assert (row.new.total_amount, row.new.refused_units, row.difference_amount) == (1200 + 750, 5, 950)
        assert "19.50 USD" in text_of(page)
        table = client.post(url, new | {"simulate": "csv"}).content.decode().splitlines()
        assert table[1].startswith("acme,")
        assert table[1].endswith(",1000,0,15,1200,750,5,950")
        yearly = client.post(url, new | {"interval": "year", "overage": "block"})
        assert (yearly.status_code, "cannot be compared" in text_of(yearly)) == (422, True)
        assert Plan.objects.filter(slug=plan.slug).count() == 1, "nothing is saved"
