"""No value in an address or form below studio and team makes an error page of the server, or is half-written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from apps.core.errors import Invalid
from apps.plans.models import Plan
from apps.portal.studio.json_input import parse_object
from tests.portal.studio.pages import READS, WRITES, posted, prepared
from tests.portal.studio.world import World, routes, snapshot, world
from tests.portal.support import HOSTILE, HOSTILE_SEGMENTS, Pairs, pairings, share

pytestmark = pytest.mark.django_db

# What the list pages read from their address.
LISTS: dict[str, tuple[str, ...]] = {
    "studio": ("page",),
    "studio-endpoints": ("q", "page"),
    "studio-consumers": ("q", "status", "plan", "page"),
    "studio-consumer": ("page",),
    "studio-usage": ("range", "from", "to", "consumer", "endpoint"),
    "studio-usage-csv": ("range", "from"),
    "studio-requests": ("outcome", "consumer", "endpoint", "range", "cursor"),
    "studio-product-new": ("name", "slug"),
    "studio-changelog": ("page",),
    "studio-product-import": ("from",),
    "studio-imports": ("from",),
    "audit": ("before", "after"),
}
# The fields that a form has besides those of the valid body.
OPTIONAL: dict[str, tuple[str, ...]] = {
    "studio-product-new": ("tagline",),
    "studio-product-import": ("url",),
    "studio-imports": ("url",),
    "studio-import-apply": ("tier", "remove_missing"),
    "studio-endpoint-new": ("upstream_path", "operation", "summary", "description", "another"),
    "studio-endpoint": ("upstream_path", "operation", "summary", "description"),
    "studio-plan-new": ("description", "add", "remove"),
    "studio-plan": ("description", "add", "remove"),
    "studio-settings": ("tagline", "description", "category", "tags", "version", "rapidapi_compatible"),
    "studio-change-new": ("version", "body"),
    "studio-change": ("version", "body"),
    "studio-channel-new": ("note", "tier"),
    "studio-channel": ("note", "tier"),
    "studio-endpoint-deprecate": ("deprecated_on", "sunset_on"),
}
FORMS = sorted(name for name, (_action, body) in WRITES.items() if body)
# Fields alone are given these; all fields together a hostile value, of which each form gets its share.
SHARP = ["a\x00b", "9" * 5000, "x" * 20_000, "\u202e", "-1", None]
# Where a page is asked to lead back to.
BACK = [*HOSTILE, "https://evil.example.com", "//evil.example.com", "/\\evil.example.com"]


@dataclass
class Form:
    """What is posted to it is taken back; what was refused must have done nothing."""

    client: Client
    url: str
    before: dict[str, str] = field(default_factory=snapshot)

    def post(self, body: Mapping[str, str | None]) -> None:
        savepoint = transaction.savepoint()
        status = self.client.post(
            self.url, {key: value for key, value in body.items() if value is not None}
        ).status_code
        assert status in {200, 201, 302, 400, 403, 404, 409, 422}
        assert status in {201, 302} or snapshot() == self.before
        transaction.savepoint_rollback(savepoint)


@pairings
@pytest.mark.parametrize("name", LISTS)
def test_the_query_of_a_list(ours: World, name: str, pairs: Pairs) -> None:
    client, url = ours.client(), ours.url(name)
    for parameter, value in pairs(LISTS[name], HOSTILE):
        status = client.get(url, {parameter: value}).status_code
        assert status in {200, 404, 422}, f"{parameter}={value!r:.60}"


@pairings
@pytest.mark.parametrize(("name", "parameters"), routes())
def test_the_path(ours: World, name: str, parameters: tuple[str, ...], pairs: Pairs) -> None:
    client, url = ours.client(), ours.url(name)
    ask = client.post if name not in READS else client.get
    before = snapshot()
    for parameter, segment in pairs(parameters, HOSTILE_SEGMENTS):
        changed = url.replace(f"/{ours.ids()[parameter]}/", f"/{segment}/")
        assert ask(changed).status_code == 404, changed
    assert snapshot() == before


@pairings
@pytest.mark.parametrize("name", FORMS)
def test_a_form(ours: World, name: str, pairs: Pairs) -> None:
    url, body = ours.url(name, **prepared(ours, name)), posted(ours, name)
    form = Form(ours.client(), url)
    names = [*body, *OPTIONAL.get(name, ())]
    for value in share(HOSTILE, pairs, FORMS.index(name)):
        form.post(dict.fromkeys(names, value))
    for spoiled, value in pairs(names, SHARP):
        form.post(body | {spoiled: value})


def test_where_a_refusal_leads_back_to(ours: World) -> None:
    """A tier in use cannot be removed: the reason is shown here, and never on another site."""
    client, url = ours.client(), ours.url("studio-tier-remove", tier_slug=ours.tier.slug)
    for back in BACK:
        response = client.post(url, {"back": back})
        assert response.status_code in {302, 409}, back
        assert "evil" not in response.headers.get("Location", ""), back


def test_where_the_choice_of_a_theme_leads_back_to(client: Client) -> None:
    for back in BACK:
        response = client.post("/theme/", {"theme": "dark", "next": back})
        assert response.status_code == 302, back
        assert "evil" not in response.headers["Location"], back


class TestJson:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ('{"a": 1,}', "line 1, column 9"),
            ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"),
            ("{", "line 1, column 2"),
            ("{'a': 1}", "line 1, column 2"),
        ],
    )
    def test_a_mistake_has_its_place(self, text: str, place: str) -> None:
        with pytest.raises(Invalid, match=place):
            parse_object(text, field="operation")

    @pytest.mark.parametrize(
        "text",
        [
            "[]", "null", "1", '"text"', '{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}',
            '{"a": ' + "9" * 5000 + "}", '{"a":' * 5000 + "1" + "}" * 5000, "[" * 200_000,
            '{"a": "' + "x" * 300_000 + '"}', '{"a": "' + "é" * 140_000 + '"}', "\ufeff{}",
        ],
    )  # fmt: skip
    def test_what_is_no_object_that_can_be_kept_is_refused_with_a_reason(self, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            parse_object(text, field="operation")
        assert refused.value.field == "operation"
        assert len(refused.value.message) < 300

    @pytest.mark.parametrize(
        "operation",
        [
            '{"a": 1e999}',
            '{"a": "\\u0000"}',
            '{"a": "\\ud800"}',
            '{"\\udfff": 1}',
            '{"a":' * 100 + "1" + "}" * 100,
            '{"a": "\\ud83d\\ude00"}',
            '{"summary": 7}',
        ],
    )
    def test_what_only_the_service_or_the_database_could_refuse(self, ours: World, operation: str) -> None:
        body = posted(ours, "studio-endpoint-new") | {"operation": operation}
        before = snapshot()
        response = ours.client().post(ours.url("studio-endpoint-new"), body)
        assert response.status_code in {302, 422}
        assert (snapshot() == before) == (response.status_code == 422)


class TestRows:
    """The management forms and rows of a plan's formsets."""

    def rows(self, ours: World, **changed: Any) -> dict[str, Any]:
        body = posted(ours, "studio-plan-new") | {
            "quotas-TOTAL_FORMS": "1",
            "quotas-0-included_units": "100",
            "quotas-0-period": "month",
            "quotas-0-anchor": "calendar",
            "rate_limits-TOTAL_FORMS": "1",
            "rate_limits-0-max_calls": "10",
            "rate_limits-0-window": "minute",
            "rate_limits-0-endpoint": "",
        }
        return {key: value for key, value in (body | changed).items() if value is not None}

    def test_the_body_that_the_others_spoil_is_good(self, ours: World) -> None:
        assert ours.client().post(ours.url("studio-plan-new"), self.rows(ours)).status_code == 302
        plan = Plan.objects.get(name="Other")
        assert [quota.included_units for quota in plan.quotas.all()] == [100]
        assert [limit.max_calls for limit in plan.rate_limits.all()] == [10]

    @pairings
    @pytest.mark.parametrize("prefix", ["quotas", "rate_limits"])
    def test_a_management_form_that_was_tampered_with(self, ours: World, prefix: str, pairs: Pairs) -> None:
        form = Form(ours.client(), ours.url("studio-plan-new"))
        for name, value in pairs(("TOTAL_FORMS", "INITIAL_FORMS"), [*HOSTILE, "1000000000", None]):
            form.post(self.rows(ours, **{f"{prefix}-{name}": value}))
        for button, value in pairs(({"add": prefix}, {"remove": f"{prefix}-0"}), [*SHARP, "1000000000"]):
            form.post(self.rows(ours, **{f"{prefix}-TOTAL_FORMS": value}, **button))

    @pairings
    @pytest.mark.parametrize("prefix", ["quotas", "rate_limits"])
    def test_a_row_with_hostile_values(self, ours: World, prefix: str, pairs: Pairs) -> None:
        form = Form(ours.client(), ours.url("studio-plan-new"))
        names = [name for name in self.rows(ours) if name.startswith(f"{prefix}-0-")]
        for value in share(HOSTILE, pairs, len(prefix)):
            form.post(self.rows(ours, **dict.fromkeys(names, value)))
        for name, value in pairs(names, SHARP):
            form.post(self.rows(ours, **{name: value}))

    def test_two_rows_for_the_same_are_refused(self, ours: World) -> None:
        doubled = {
            "quotas-TOTAL_FORMS": "2",
            "quotas-1-included_units": "7",
            "quotas-1-period": "month",
            "quotas-1-anchor": "subscription",
            "rate_limits-TOTAL_FORMS": "2",
            "rate_limits-1-max_calls": "7",
            "rate_limits-1-window": "minute",
            "rate_limits-1-endpoint": "",
        }
        before = snapshot()
        response = ours.client().post(ours.url("studio-plan-new"), self.rows(ours, **doubled))
        assert response.status_code == 422
        content = response.content.decode()
        assert "A plan has one quota for each period." in content
        assert "A plan has one rate limit for each window and endpoint." in content
        assert snapshot() == before

    def test_the_endpoint_of_another_product_is_none_of_ours(self, ours: World) -> None:
        theirs = world()
        body = self.rows(ours, **{"rate_limits-0-endpoint": str(theirs.endpoint)})
        response = ours.client().post(ours.url("studio-plan-new"), body)
        assert response.status_code == 422
        assert "There is no such endpoint." in response.content.decode()

    def test_more_rows_than_a_plan_may_have(self, ours: World) -> None:
        body = self.rows(ours, **{"rate_limits-TOTAL_FORMS": "5000"})
        for number in range(300):
            body |= {
                f"rate_limits-{number}-max_calls": "1",
                f"rate_limits-{number}-window": "minute",
                f"rate_limits-{number}-endpoint": str(ours.endpoint),
            }
        before = snapshot()
        assert ours.client().post(ours.url("studio-plan-new"), body).status_code == 422
        assert snapshot() == before


def test_a_large_operation_is_told_its_size_in_the_unit_of_the_limit(ours: World) -> None:
    body = posted(ours, "studio-endpoint-new") | {"operation": json.dumps({"a": "x" * 300_000})}
    response = ours.client().post(ours.url("studio-endpoint-new"), body)
    assert response.status_code == 422
    assert "256 KB" in response.content.decode()
