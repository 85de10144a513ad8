"""What a creator does with the REST API. Every answer is also held to the document (`tests.api.client`)."""

import datetime as dt
from typing import Any

import pytest

from apps.accounts.enums import Role
from apps.core import clock
from apps.products.models import Product
from tests.api.world import World, api_of
from tests.factories.actors import make_actor

NEW = {"name": "Maps of Towns", "slug": "towns", "upstream_url": "https://towns.example.com"}


def test_a_product_from_nothing_to_the_marketplace(world: World) -> None:
    api, stranger = world.creator.api, world.stranger.api
    made = api.post("/products", NEW | {"description": "All towns."})
    assert made.status == 201
    path = f"/products/{made.data['id']}"
    assert made.data["status"] == "draft"
    assert api.post(f"{path}/publish").code == "conflict"
    endpoint = {"method": "GET", "path": "/towns/{id}", "tier": "free", "operation": {"summary": "A town"}}
    added = api.post(f"{path}/endpoints", endpoint)
    assert (added.status, added.data["upstream_path"], added.data["weight"]) == (201, "/towns/{id}", 1)
    assert api.post(f"{path}/endpoints", endpoint).code == "conflict"
    plan = api.post(
        f"{path}/plans", {"name": "Free", "tier": "free", "quotas": [{"included_units": 9, "period": "day"}]}
    )
    assert plan.status == 201
    assert stranger.get("/catalog/products/towns").status == 404
    assert api.post(f"{path}/plans/{plan.data['id']}/publish").data["published_at"]
    assert api.post(f"{path}/publish").data["status"] == "published"
    shown = stranger.get("/catalog/products/towns").data
    assert (shown["description"], shown["tiers"][0]["slug"]) == ("All towns.", "free")
    assert "upstream_url" not in shown
    assert [one["path"] for one in stranger.get("/catalog/products/towns/endpoints").data] == ["/towns/{id}"]
    assert stranger.get("/catalog/products/towns/plans").data[0]["quotas"][0]["included_units"] == 9
    assert [one["slug"] for one in stranger.get("/catalog/products", search="maps town").data] == ["towns"]
    assert api.post(f"{path}/unpublish").data["status"] == "unpublished"
    assert stranger.get("/catalog/products/towns").status == 404


def test_a_change_keeps_what_it_does_not_name(world: World) -> None:
    api, path = world.creator.api, world.product_path
    before = api.get(path).data
    changed = api.patch(path, {"tagline": "New", "billable_statuses": [200, 204], "tags": ["b", "a"]}).data
    same = {name for name in before if before[name] == changed[name]}
    assert set(before) - same == {"tagline", "billable_statuses", "tags", "updated_at"}
    assert api.patch(path, {"billable_statuses": None}).data["billable_statuses"] is None
    endpoint = f"{path}/endpoints/{world.endpoint.public_id}"
    assert api.patch(endpoint, {"weight": 5, "max_units": 50}).data["path"] == "/forecast"
    assert api.patch(endpoint, {"weight": 51}).body["error"]["details"]["field"] == "max_units"
    lists = {"allowed_networks": ["192.0.2.0/24"], "denied_networks": ["192.0.2.7/32"]}
    for address in (path, endpoint):
        changed = api.patch(address, lists).data
        assert {name: changed[name] for name in lists} == lists
        assert api.patch(address, {"allowed_networks": ["192.0.2.1/24"]}).code == "invalid"
    assert api.patch(path, {"requires_signature": True}).data["requires_signature"] is True
    for seconds in (60, None):
        assert api.patch(path, {"total_seconds": seconds, "idle_seconds": 60}).data["total_seconds"] == seconds
    assert api.patch(path, {"connect_seconds": 31}).body["error"]["details"]["field"] == "connect_seconds"
    assert api.patch(path, {"log_headers": True}).data["log_headers"] is True
    moved = api.patch(endpoint, {"path": "/forecasts"}).data
    assert (moved["upstream_path"], moved["weight"], moved["summary"]) == ("/forecasts", 5, "The forecast")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        (NEW | {"name": ""}, "name"),
        (NEW | {"name": 5}, "name"),
        (NEW | {"slug": "no spaces"}, "slug"),
        (NEW | {"upstream_url": "http://127.0.0.1/"}, "upstream_url"),
        (NEW | {"nmae": "x"}, "nmae"),
        (NEW | {"name": None}, "name"),
        ([], "non_field_errors"),
        ("x", "non_field_errors"),
    ],
)
def test_a_wrong_field_is_named(world: World, body: Any, field: str) -> None:
    answer = world.creator.api.post("/products", body)
    assert answer.status == 422
    details = answer.body["error"]["details"]
    assert field == details.get("field") or field in details.get("fields", {})
    assert not Product.objects.filter(slug="towns").exists()


def test_a_private_plan_is_granted_and_taken_back(world: World) -> None:
    api, consumer = world.creator.api, world.stranger.actor.organization
    terms = {"name": "Partner", "tier": "free", "visibility": "private"}
    plan = api.post(f"{world.product_path}/plans", terms).data["id"]
    path = f"{world.product_path}/plans/{plan}"
    api.post(f"{path}/publish")
    assert world.stranger.api.post("/subscriptions", {"plan": plan}).status == 404
    assert api.post(f"{path}/grants", {"organization": "nobody"}).body["error"]["details"]["field"] == "organization"
    for _ in range(2):
        granted = api.post(f"{path}/grants", {"organization": consumer.slug})
        assert (granted.status, granted.data["organization"]["slug"]) == (201, consumer.slug)
    assert [one["organization"]["name"] for one in api.get(f"{path}/grants").data] == [consumer.name]
    assert world.stranger.api.post("/subscriptions", {"plan": plan}).status == 201
    assert api.delete(f"{path}/grants/{consumer.slug}").status == 204
    assert api.delete(f"{path}/grants/{consumer.slug}").status == 404
    assert api.get(f"{path}/grants").data == []


def test_endpoints_move_together_or_not_at_all(world: World) -> None:
    api, path = world.creator.api, f"{world.product_path}/endpoints"
    one = world.endpoint.public_id
    other = api.post(path, {"method": "GET", "path": "/other", "tier": "pro"}).data["id"]
    for endpoints in ([], [one, "ep_0"]):
        refused = api.post(f"{path}/move", {"endpoints": endpoints, "tier": "pro"})
        assert refused.body["error"]["details"]["field"] == "endpoints"
    assert api.post(f"{path}/move", {"endpoints": [one], "tier": "none"}).status == 422
    assert api.get(f"{path}/{one}").data["tier"] == "free"
    assert api.post(f"{path}/move", {"endpoints": [one, other], "tier": "pro"}).data == {"moved": 1}
    assert api.get(f"{path}/{one}").data["tier"] == "pro"


def test_the_role_decides(world: World) -> None:
    organization = world.creator.actor.organization
    developer = api_of(make_actor(organization, Role.DEVELOPER))
    viewer = api_of(make_actor(organization, Role.VIEWER))
    path = world.product_path
    assert viewer.get(path).status == 200
    assert viewer.patch(path, {"tagline": "x"}).code == "not_allowed"
    assert viewer.post("/products", NEW).code == "not_allowed"
    assert developer.patch(path, {"tagline": "x"}).status == 200
    for forbidden in (f"{path}/publish", f"{path}/unpublish", f"{path}/retire"):
        assert developer.post(forbidden).code == "not_allowed"
    assert developer.post(f"{path}/plans", {"name": "x", "tier": "free"}).code == "not_allowed"


def test_tiers_and_the_life_of_a_product(world: World) -> None:
    api, path = world.creator.api, world.product_path
    assert api.post(f"{path}/tiers", {"name": "Top"}).data == {"slug": "top", "name": "Top", "rank": 2}
    assert api.patch(f"{path}/tiers/top", {"name": "Best"}).data["name"] == "Best"
    assert api.delete(f"{path}/tiers/free").code == "conflict"
    assert api.delete(f"{path}/tiers/top").status == 204
    assert api.delete(f"{path}/tiers/top").code == "not_found"
    assert api.post(f"{path}/deprecate", {"note": "Use maps."}).data["lifecycle_note"] == "Use maps."
    assert api.post(f"{path}/undeprecate").data["deprecated_at"] is None
    end = (clock.now() + dt.timedelta(days=400)).isoformat()
    assert api.post(f"{path}/retire").body["error"]["details"]["field"] == "retires_at"
    assert api.post(f"{path}/retire", {"retires_at": end, "note": "x"}).data["retires_at"]
    assert api.post(f"{path}/keep").data["retires_at"] is None
    secret = api.post(f"{path}/proxy-secret").data["proxy_secret"]
    assert Product.objects.get(pk=world.product.pk).next_proxy_secret == secret
    assert api.post(f"{path}/proxy-secret").code == "conflict"
    assert api.post(f"{path}/proxy-secret/activate").data["has_next_proxy_secret"] is False
    assert Product.objects.get(pk=world.product.pk).proxy_secret == secret
    assert api.post(f"{path}/proxy-secret/discard").code == "conflict"


def test_endpoints_are_deprecated_and_removed(world: World) -> None:
    api, path = world.creator.api, f"{world.product_path}/endpoints/{world.endpoint.public_id}"
    assert (
        api.post(f"{path}/deprecate", {"sunset_at": "2090-01-01T00:00:00Z"}).data["sunset_at"] == "2090-01-01T00:00:00Z"
    )
    assert api.post(f"{path}/deprecate", {"sunset_at": "2020-01-01T00:00:00Z"}).status == 422
    assert api.post(f"{path}/undeprecate").data["deprecated_at"] is None
    assert api.delete(path).status == 204
    assert api.get(path).code == "not_found"


def test_a_plan_on_sale_gets_a_new_version(world: World) -> None:
    api, path = world.creator.api, f"{world.product_path}/plans"
    quota = {"included_units": 100, "period": "month", "overage": "per_unit", "overage_max_units": 50}
    body = {
        "name": "Basic", "tier": "free", "price_amount": 500, "currency": "EUR", "interval": "year",
        "quotas": [quota | {"overage_unit_amount": "0.125"}],
        "rate_limits": [{"max_calls": 5, "window": "second", "endpoint": world.endpoint.public_id}],
        "max_concurrent": 7,
    }  # fmt: skip
    with_quota_of_its_interval = body | {"quotas": [quota | {"overage_unit_amount": "0.125", "period": "year"}]}
    revised = api.put(f"{path}/{world.plan.public_id}", with_quota_of_its_interval)
    assert revised.status == 200, revised.body
    assert (revised.data["version"], revised.data["slug"]) == (2, "basic")
    assert revised.data["quotas"][0]["overage_unit_amount"] == "0.12500000"
    assert revised.data["rate_limits"][0]["endpoint"] == world.endpoint.public_id
    assert revised.data["max_concurrent"] == 7
    assert api.put(f"{path}/{world.plan.public_id}", with_quota_of_its_interval).code == "conflict"
    assert api.get(f"{path}/{world.plan.public_id}").data["withdrawn_at"]
    assert api.post(f"{path}/{revised.data['id']}/withdraw").data["withdrawn_at"]
    wrong = {"name": "x", "tier": "free", "rate_limits": [{"max_calls": 1, "window": "hour", "endpoint": "ep_0"}]}
    assert api.post(path, wrong).body["error"]["details"]["field"] == "rate_limits"
    for field, value in (("currency", "QQQ"), ("price_amount", 10**15)):
        assert api.post(path, {"name": "x", "tier": "free", field: value}).body["error"]["details"]["field"] == field


def test_an_import_is_shown_before_it_is_applied(world: World) -> None:
    api, path = world.creator.api, f"{world.product_path}/imports"
    text = '{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"responses": {}}}}}'
    preview = api.post(path, {"document": text})
    assert preview.status == 201
    changes = preview.data["changes"]
    assert [one["path"] for one in changes["added"]] == ["/a"]
    assert [one["path"] for one in changes["removed"]] == ["/forecast"]
    one = f"{path}/{preview.data['imported']['id']}"
    assert api.post(f"{one}/apply", {"seen": "else"}).code == "conflict"
    assert api.post(f"{one}/apply", {"seen": changes["seen"], "tier": "none"}).status == 422
    assert api.post(f"{one}/apply", {"seen": changes["seen"], "remove_missing": True, "tier": "pro"}).data["applied_at"]
    assert [(e["path"], e["tier"]) for e in api.get(f"{world.product_path}/endpoints").data] == [("/a", "pro")]
    assert api.get(one).data["changes"] is None
    assert len(api.get(path).data) == 2
    for body in ({}, {"document": "", "url": ""}, {"document": text, "url": "https://x.example"}, {"document": "{"}):
        assert api.post(path, body).status == 422


def test_consumers_are_stopped_and_let_on(world: World) -> None:
    api, path = world.creator.api, f"{world.product_path}/consumers"
    assert [one["id"] for one in api.get(path).data] == [world.subscription.public_id]
    assert api.get(path, status="paused").data == []
    assert api.get(path, status="else").status == 422
    one = f"{path}/{world.subscription.public_id}"
    assert api.get(one).data["organization"]["slug"] == world.consumer.actor.organization.slug
    assert api.post(f"{one}/pause").data["status"] == "paused"
    assert api.post(f"{one}/pause").status == 409
    assert api.post(f"{one}/resume").data["status"] == "active"
    assert api.post(f"{one}/reset-quota").status == 200
    assert api.post(f"{one}/approve").status == 409
    # The consumer itself is no creator of the product.
    assert world.consumer.api.post(f"{one}/reset-quota").code == "not_found"


def test_a_creator_sees_calls_and_not_whose_key_made_them(world: World) -> None:
    api, product = world.creator.api, world.product.public_id
    assert api.get("/usage", product=product).data["total"]["calls"] == 3
    assert api.get("/usage/endpoints", product=product).data[0]["endpoint"]["path"] == "/forecast"
    assert api.get("/usage/keys", product=product).data == []
    assert {one["key"] for one in api.get("/requests", product=product).data} == {None}
    assert api.get("/requests").data == []
    assert api.get("/usage", subscription=world.subscription.public_id).code == "not_found"
    assert world.consumer.api.get("/requests", product=product).code == "not_found"


def test_prices_in_tiers_a_trial_and_coupons(world: World) -> None:
    api, path = world.creator.api, world.product_path
    tiers = [{"up_to_units": 1000, "unit_amount": "0.20000000"}, {"unit_amount": "0.1", "flat_amount": 50}]
    quota = {"included_units": 10, "period": "month", "overage": "graduated", "overage_max_units": 9000}
    terms = {"name": "Tiered", "tier": "free", "price_amount": 900, "trial_days": 14, "trial_requires_card": True}
    made = api.post(f"{path}/plans", terms | {"quotas": [quota | {"price_tiers": tiers}]})
    assert made.status == 201
    assert made.data["quotas"][0]["price_tiers"] == [
        {"up_to_units": 1000, "unit_amount": "0.20000000", "flat_amount": 0},
        {"up_to_units": None, "unit_amount": "0.10000000", "flat_amount": 50},
    ]
    assert (made.data["trial_days"], made.data["trial_requires_card"]) == (14, True)
    assert api.post(f"{path}/plans", terms | {"quotas": [quota]}).code == "invalid"

    coupon = api.post(f"{path}/coupons", {"code": "half", "percent": "50", "plan_slugs": ["pro"]})
    assert (coupon.status, coupon.data["code"], coupon.data["redemption_count"]) == (201, "HALF", 0)
    assert api.post(f"{path}/coupons", {"code": "half"}).code == "invalid"
    buyer = world.stranger.api
    bought = buyer.post("/subscriptions", {"plan": world.bigger_plan.public_id, "coupon": "half"}).data
    assert bought["checkout"]["invoice"]["total_amount"] == 950
    again = buyer.post(f"/subscriptions/{bought['subscription']['id']}/coupon", {"code": "none"})
    assert (again.status, again.code) == (409, "coupon_refused")
    assert [one["redemption_count"] for one in api.get(f"{path}/coupons").data] == [1]
    archive = f"{path}/coupons/{coupon.data['id']}/archive"
    assert api.post(archive).data["archived_at"]
    assert api.post(archive).code == "conflict"
