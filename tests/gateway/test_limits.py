"""The rate limit fields of replies, read as a client would read them."""

import datetime as dt
from typing import Any

import http_sf
import pytest

from apps.gateway.engine.messages.ratelimit_fields import announced_fields, ratelimit_fields
from apps.plans.enums import RateWindow
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.services import set_overage
from apps.usage.counters.types import PolicyState, QuotaRule, RateRule
from tests.factories.actors import make_actor
from tests.factories.payments import PaymentMethodFactory
from tests.factories.plans import QuotaFactory, RateLimitFactory
from tests.gateway.shop import Shop
from tests.gateway.wire import Reply
from tests.processes import wait_until

usefixtures = pytest.mark.usefixtures("transactional_db")


def parsed(value: bytes | str | None) -> list[tuple[Any, dict[str, int]]]:
    assert value is not None
    raw = value if isinstance(value, bytes) else value.encode()
    return http_sf.parse(raw, tltype="list")  # type: ignore[no-any-return]


def names(fields: list[tuple[Any, dict[str, int]]]) -> list[str]:
    """The policies; a Token or anything else that is no String fails."""
    assert all(type(name) is str for name, _ in fields)
    return [name for name, _ in fields]


STATES = (
    PolicyState("per-minute", 100, 99, 58, 60),
    PolicyState("monthly", 10_000, 9731, 1_209_600, 2_592_000),
)


def test_the_fields_are_those_of_draft_11() -> None:
    fields = dict(ratelimit_fields(STATES))
    assert fields[b"ratelimit-policy"] == b'"per-minute";q=100;w=60, "monthly";q=10000;w=2592000'
    assert fields[b"ratelimit"] == b'"per-minute";r=99;t=58, "monthly";r=9731;t=1209600'
    assert parsed(fields[b"ratelimit-policy"])[0] == ("per-minute", {"q": 100, "w": 60})
    assert parsed(fields[b"ratelimit"])[1] == ("monthly", {"r": 9731, "t": 1_209_600})


def test_older_fields_tell_of_the_tightest_policy() -> None:
    fields = dict(ratelimit_fields(STATES))
    assert (fields[b"x-ratelimit-limit"], fields[b"x-ratelimit-remaining"], fields[b"x-ratelimit-reset"]) == (
        b"100",
        b"99",
        b"58",
    )
    both_empty = ratelimit_fields([PolicyState("a", 5, 0, 10, 60), PolicyState("b", 7, 0, 500, 3600)])
    assert dict(both_empty)[b"x-ratelimit-reset"] == b"500"  # waiting 10 s would not help


def test_no_wait_is_longer_than_its_window() -> None:
    """Where the clock of the counters is behind, the period begins in its future."""
    fields = dict(ratelimit_fields([PolicyState("hourly", 9, 1, 3607, 3600), PolicyState("per-minute", 5, 1, 61, 60)]))
    assert [limits["t"] for _, limits in parsed(fields[b"ratelimit"])] == [3600, 60]
    assert fields[b"x-ratelimit-reset"] == b"3600"


def test_no_limits_no_fields() -> None:
    assert ratelimit_fields([]) == []
    assert announced_fields((), (), dt.datetime.now(dt.UTC)) == []


@pytest.mark.parametrize("name", ['a"b', "a\\b", "ünï", "a b"])
def test_any_name_makes_a_field_that_can_be_read(name: str) -> None:
    fields = dict(ratelimit_fields([PolicyState(name, 10**17, -5, -1, 60)]))
    ((_, limits),) = parsed(fields[b"ratelimit"])
    assert limits == {"r": 0, "t": 0}
    ((_, policy),) = parsed(fields[b"ratelimit-policy"])
    assert policy["q"] == 999_999_999_999_999


def test_policies_alone() -> None:
    now = dt.datetime(2026, 2, 10, tzinfo=dt.UTC)
    quota = QuotaRule("monthly", 500, "month", "calendar", now)
    ((name, value),) = announced_fields((RateRule("c", "per-hour", 9, 3_600_000),), (quota,), now)
    assert name == b"ratelimit-policy"
    assert parsed(value) == [("per-hour", {"q": 9, "w": 3600}), ("monthly", {"q": 500, "w": 28 * 86_400})]


def test_units_that_are_charged_are_told_apart_from_those_that_are_included() -> None:
    fields = dict(
        ratelimit_fields([PolicyState("monthly", 15, 3, 60, 3600, 10), PolicyState("daily", 9, 9, 60, 86_400, 7)])
    )
    assert parsed(fields[b"ratelimit-policy"]) == [
        ("monthly", {"q": 15, "w": 3600, "af-included": 10}),
        ("daily", {"q": 9, "w": 86_400, "af-included": 7}),
    ]
    assert parsed(fields[b"ratelimit"]) == [
        ("monthly", {"r": 3, "t": 60, "af-extra": 2}),
        ("daily", {"r": 9, "t": 60, "af-extra": 0}),
    ]
    assert (fields[b"x-ratelimit-limit"], fields[b"x-ratelimit-remaining"]) == (b"15", b"3")
    now = dt.datetime(2026, 2, 10, tzinfo=dt.UTC)
    quota = QuotaRule("monthly", 500, "month", "calendar", now, extra_units=20)
    ((_, value),) = announced_fields((), (quota,), now)
    assert parsed(value) == [("monthly", {"q": 520, "w": 28 * 86_400, "af-included": 500})]


@usefixtures
def test_the_ceiling_blocks_and_not_what_is_included(shop: Shop) -> None:
    QuotaFactory(plan=shop.plan, included_units=2, overage="per_unit", overage_unit_amount="0.2", overage_max_units=3)
    replies = [shop.call("/things") for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert [parsed(reply.get("RateLimit"))[0][1]["af-extra"] for reply in replies] == [0, 0, 1, 2, 3, 3]
    problem = replies[-1].json()
    assert (problem["code"], problem["violated-policies"]) == ("quota_exceeded", ["monthly"])
    assert (shop.rejections[-1].counter, shop.rejections[-1].limit) == (5, 5)


@usefixtures
def test_the_consumers_spend_cap_answers_402_and_the_plans_own_cap_429(shop: Shop) -> None:
    terms = {"overage": "per_unit", "overage_unit_amount": "0.5", "overage_max_units": 6}
    QuotaFactory(plan=shop.plan, included_units=1, **terms)
    set_cap(shop, 1)  # two units
    replies = [shop.call("/things") for _ in range(4)]
    assert [reply.status for reply in replies] == [200] * 3 + [402]
    assert (replies[-1].json()["code"], shop.rejections[-1].code) == ("spend_cap_reached", "spend_cap_reached")
    set_cap(shop, None)
    wait_until(lambda: shop.call("/things").status == 200, seconds=5.0, what="calls beyond the cap that was lifted")
    refused = next(reply for reply in (shop.call("/things") for _ in range(10)) if reply.status != 200)
    assert (refused.status, refused.json()["code"]) == (429, "quota_exceeded")


def set_cap(shop: Shop, amount: int | None) -> None:
    """As the consumer does on the page of the subscription."""
    organization = shop.subscription.organization
    if not organization.payment_methods.exists():
        PaymentMethodFactory(
            organization=organization, is_default=True
        )  # what extra units of a free plan are charged to
    choice = OverageChoice(allowed=True, spend_cap_amount=amount)
    set_overage(actor=make_actor(organization), subscription=shop.subscription, choice=choice)


def limited(shop: Shop) -> Shop:
    QuotaFactory(plan=shop.plan, included_units=100)
    RateLimitFactory(plan=shop.plan, max_calls=3)
    return shop


def remaining(reply: Reply) -> dict[str, int]:
    return {name: values["r"] for name, values in parsed(reply.get("RateLimit"))}


@usefixtures
def test_what_is_left_goes_down_by_one_with_each_call_and_never_below_zero(shop: Shop) -> None:
    limited(shop)
    replies = [shop.call("/things") for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert [remaining(reply)["per-minute"] for reply in replies] == [2, 1, 0, 0, 0]
    assert [remaining(reply)["monthly"] for reply in replies] == [99, 98, 97, 97, 97]
    for reply in replies:
        policies = dict(parsed(reply.get("RateLimit-Policy")))
        assert policies["per-minute"] == {"q": 3, "w": 60}
        assert policies["monthly"]["q"] == 100
        assert 28 * 86_400 <= policies["monthly"]["w"] <= 31 * 86_400
        assert names(parsed(reply.get("RateLimit"))) == ["per-minute", "monthly"]


@usefixtures
def test_errors_of_an_authenticated_call_tell_too(shop: Shop) -> None:
    limited(shop)
    shop.product.upstream_url = "http://backend.invalid"
    shop.product.save()
    reply = shop.call("/things")
    assert reply.status == 502
    assert remaining(reply)["per-minute"] == 2
    # Refused before the counters were asked: the policies, and no claim about what is left of them.
    reply = shop.call("/things", "POST", body=b"x" * (11 * 1024 * 1024))
    assert reply.status == 413
    assert names(parsed(reply.get("RateLimit-Policy"))) == ["per-minute", "monthly"]
    assert reply.get("RateLimit") is None
    for reply in (shop.anonymous("/things"), shop.call("/nothing")):
        assert reply.get("RateLimit-Policy") is None


@usefixtures
def test_an_endpoint_with_limits_of_its_own_does_not_share_those_of_the_plan(shop: Shop) -> None:
    limited(shop)
    own = shop.endpoint("/own")
    RateLimitFactory(plan=shop.plan, endpoint=own, name="endpoint-per-hour", max_calls=1, window=RateWindow.HOUR)
    assert [shop.call("/own").status for _ in range(2)] == [200, 429]
    assert [shop.call("/things").status for _ in range(4)] == [200, 200, 200, 429]
    assert names(parsed(shop.call("/own").get("RateLimit"))) == ["endpoint-per-hour", "monthly"]
