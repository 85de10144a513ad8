"""What a consumer does with the REST API. Every answer is also held to the document (`tests.api.client`)."""

from uuid import UUID

import pytest

from apps.accounts.enums import Role
from apps.core import clock
from apps.plans.models import Plan
from apps.products.models import Product
from tests.api.client import Api
from tests.api.world import World, api_of
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import ProductFactory
from tests.factories.usage import record_call


def test_from_the_catalog_to_a_key(world: World) -> None:
    api = world.stranger.api
    plan = next(one for one in api.get("/catalog/products/forecasts/plans").data if one["slug"] == "basic")
    assert (plan["price_amount"], plan["quotas"][0]["included_units"]) == (0, 1000)
    bought = api.post("/subscriptions", {"plan": plan["id"]})
    assert bought.status == 201
    assert bought.data["subscription"]["status"] == "active"
    path = f"/subscriptions/{bought.data['subscription']['id']}"
    assert api.get(f"{path}/quotas").data[0]["remaining_units"] == 1000
    made = api.post(f"{path}/keys", {"name": "production", "scopes": ["read"], "allowed_networks": ["203.0.113.7"]})
    assert made.data["key"]["allowed_networks"] == ["203.0.113.7/32"]
    one = f"{path}/keys/{made.data['key']['id']}"
    assert api.patch(one, {"name": "staging"}).data["name"] == "staging"
    changed = api.patch(one, {"allowed_networks": ["198.51.100.0/24"]}).data
    assert (changed["name"], changed["allowed_networks"]) == ("staging", ["198.51.100.0/24"])
    assert api.patch(one, {"allowed_networks": ["192.0.2.1/24"]}).code == "invalid"
    rotated = api.post(f"{one}/rotate", {"overlap_seconds": 3600})
    assert rotated.data["key"]["rotated_from"] == made.data["key"]["id"]
    assert rotated.data["secret"] != made.data["secret"]
    assert made.data["signing_secret"] is rotated.data["signing_secret"] is None
    assert api.get(one).data["expires_at"]
    assert api.post(f"{one}/revoke").data["revoked_at"]
    assert len(api.get(f"{path}/keys").data) == 2
    assert api.post("/subscriptions", {"plan": plan["id"]}).code == "conflict"
    assert api.post(f"{path}/cancel").data["status"] == "canceled"
    assert api.post(f"{path}/keys", {"name": "late"}).code == "conflict"


def test_a_plan_with_a_price_is_paid_in_a_checkout(world: World) -> None:
    api = world.consumer.api
    checkout = api.get(f"/checkouts/{world.checkout.public_id}").data
    assert (checkout["status"], checkout["invoice"]["total_amount"]) == ("open", 900)
    path = f"/subscriptions/{checkout['subscription']}"
    assert api.get(path).data["status"] == "incomplete"
    paid = api.post(f"/checkouts/{checkout['id']}/pay", {"method": world.card.public_id}).data
    assert (paid["status"], paid["amount"], paid["invoice"]) == ("succeeded", 900, checkout["invoice"]["id"])
    assert api.get(path).data["status"] == "active"
    invoice = api.get(f"/invoices/{checkout['invoice']['id']}").data
    assert (invoice["status"], invoice["lines"][0]["amount"]) == ("paid", 900)
    assert [one["id"] for one in api.get("/invoices", status="paid").data] == [invoice["id"]]
    assert api.get("/invoices", status="open").data == []
    pdf = api.get(f"/invoices/{invoice['id']}/pdf").response
    assert pdf.content.startswith(b"%PDF")
    assert api.post(f"/invoices/{invoice['id']}/pay", {"method": world.card.public_id}).code == "invoice_not_open"
    card = f"/payment-methods/{world.card.public_id}"
    refused = api.delete(card)
    assert (refused.status, refused.code) == (409, "card_in_use")
    ending = api.post(f"{path}/cancel").data
    assert (ending["status"], ending["cancel_at_period_end"]) == ("active", True)
    assert api.post(f"{path}/undo").data["cancel_at_period_end"] is False
    assert api.post(f"{path}/undo").code == "conflict"
    assert api.post(f"{path}/cancel", {"at_period_end": True}).data["cancel_at_period_end"] is True
    assert api.delete(card).status == 204
    assert api.post(f"{path}/cancel", {"at_period_end": False}).data["status"] == "canceled"


def test_another_plan_is_quoted_before_it_is_bought(world: World) -> None:
    api = world.consumer.api
    api.post(f"/checkouts/{world.checkout.public_id}/pay", {"method": world.card.public_id})
    path = f"/subscriptions/{world.checkout.subscription.public_id}"
    tier = world.checkout.plan.tier
    dearer = PlanFactory(tier=tier, price_amount=9000)
    cheaper = PlanFactory(tier=tier, price_amount=100)
    quote = api.get(f"{path}/quote", plan=dearer.public_id).data
    assert (quote["kind"], quote["renewal_amount"]) == ("now", 9000)
    assert 0 < quote["due_amount"] <= 9000 - 900 + 1
    change = api.post(f"{path}/change-plan", {"plan": dearer.public_id}).data
    assert change["checkout"]["invoice"]["total_amount"] == pytest.approx(quote["due_amount"], abs=1)
    api.post(f"/checkouts/{change['checkout']['id']}/pay", {"method": world.card.public_id})
    assert api.get(path).data["plan"]["id"] == dearer.public_id
    later = api.post(f"{path}/change-plan", {"plan": cheaper.public_id}).data
    assert later["checkout"] is None
    assert later["subscription"]["pending_plan"]["id"] == cheaper.public_id
    foreign = PlanFactory()
    assert api.get(f"{path}/quote", plan=foreign.public_id).code == "not_found"
    draft = PlanFactory(tier=tier, published_at=None)
    assert api.get(f"{path}/quote", plan=draft.public_id).code == "not_found"
    for model, values in ((Plan, {"withdrawn_at": clock.now()}), (Product, {"status": "unpublished"})):
        model.objects.filter(pk=cheaper.pk if model is Plan else tier.product_id).update(**values)
        for answer in (
            api.get(f"{path}/quote", plan=cheaper.public_id),
            api.post(f"{path}/change-plan", {"plan": cheaper.public_id}),
        ):
            assert (answer.status, answer.code) == (409, "conflict")
            assert "not on sale" in str(answer.body)


def test_cards_are_kept_without_their_numbers(world: World) -> None:
    api = world.consumer.api
    card = {"number": "5555 5555 5555 4444", "exp_month": 12, "exp_year": 2040, "cvc": "123", "name": "A. Body"}
    added = api.post("/payment-methods", card)
    assert (added.status, added.data["last4"], added.data["is_default"]) == (201, "4444", False)
    assert "5555" not in str(added.body).replace("4444", "")
    assert api.post(f"/payment-methods/{added.data['id']}/default").data["is_default"] is True
    assert [one["last4"] for one in api.get("/payment-methods").data] == ["4444", "4242"]
    assert api.delete(f"/payment-methods/{added.data['id']}").status == 204
    assert api.get(f"/payment-methods/{added.data['id']}").code == "not_found"
    assert api.post("/payment-methods", card | {"number": "1234"}).status == 422
    assert api_of(make_actor(world.consumer.actor.organization, Role.DEVELOPER)).get("/invoices").code == "not_allowed"


def test_usage_and_single_calls(world: World) -> None:
    api, subscription = world.consumer.api, world.subscription.public_id
    usage = api.get("/usage", subscription=subscription).data
    assert usage["total"]["calls"] == 3
    assert sum(point["stats"]["calls"] for point in usage["points"]) == 3
    assert api.get("/usage").data["total"]["calls"] == 3
    by_hour = api.get("/usage", step="hour", since="2026-01-01T00:00:00Z", until="2026-01-02T00:00:00Z").data
    assert len(by_hour["points"]) == 24
    assert api.get("/usage/keys").data[0]["key"]["id"] == world.key.public_id
    refused = api.get("/requests", outcome="rejected").data
    assert {(one["code"], one["rejected"], one["units"]) for one in refused} == {("rate_limited", True, 0)}
    one = api.get("/requests", outcome="ok").data[0]
    assert (one["key"], one["duration_ms"]) == (world.key.public_id, 12.0)
    assert api.get(f"/requests/{one['id']}").data == one | {"recording": None}
    record_call(UUID(one["id"].removeprefix("req_")), world.key.subscription.product, status=None, answer_headers=None)
    recorded = api.get(f"/requests/{one['id']}").data["recording"]
    assert (recorded["request_headers"], recorded["answer_headers"]) == ([["accept", "*/*"]], None)
    assert world.stranger.api.get(f"/requests/{one['id']}").status == 404
    for query in (
        {"since": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59Z"},
        {"step": "hour"},
        {"subscription": subscription, "product": world.product.public_id},
        {"since": "yesterday"},
    ):
        assert api.get("/usage", **query).status == 422, query


def test_notices_are_read(world: World) -> None:
    api = world.consumer.api
    told = api.get("/notices", unread="true").data
    assert told[0]["title"] == "Told"
    assert api.post(f"/notices/{told[0]['id']}/read").data["read_at"]
    assert api.post("/notices/read").data["marked"] == len(told) - 1
    assert api.get("/notices", unread="true").data == []
    assert world.creator.api.post(f"/notices/{told[0]['id']}/read").code == "not_found"


def test_a_private_plan_is_for_whom_it_was_granted(world: World) -> None:
    product = ProductFactory(slug="secret-things", published_at=world.product.published_at)
    plan = PlanFactory(tier__product=product, visibility="private", slug="special")
    for api in (world.consumer.api, Api()):
        assert api.get("/catalog/products/secret-things/plans").data == []
    assert world.consumer.api.post("/subscriptions", {"plan": plan.public_id}).code == "not_found"


class TestKeyMe:
    def test_a_key_tells_what_it_is(self, world: World) -> None:
        for api, query in (
            (Api(headers={"X-Api-Key": world.secret}), {}),
            (Api(world.secret), {}),
            (Api(), {"api_key": world.secret}),
        ):
            found = api.get("/keys/me", **query).data
            assert (found["id"], found["mode"]) == (world.key.public_id, "live")
            assert found["subscription"]["plan"]["tier"] == "free"
            quota = found["quotas"][0]
            assert quota["used_units"] >= 1
            assert quota["used_units"] + quota["remaining_units"] == quota["included_units"] == 1000

    def test_it_is_refused_as_at_the_gateway(self, world: World) -> None:
        api = Api(headers={"X-Api-Key": world.secret})
        assert Api().get("/keys/me").code == "key_missing"
        assert Api(headers={"X-Api-Key": "x"}).get("/keys/me").code == "key_invalid"
        assert Api("af_pat_x", headers={"X-Api-Key": world.secret}).get("/keys/me").code == "bad_request"
        world.key.allowed_networks = ["203.0.113.0/24"]
        world.key.save()
        assert api.get("/keys/me").code == "ip_not_allowed"
        world.key.allowed_networks = ["127.0.0.0/8"]
        world.key.save()
        assert api.get("/keys/me").status == 200
        # The lists of the product hold here as well: what is denied is so even where the key works.
        for lists in ({"allowed_networks": ["203.0.113.0/24"]}, {"denied_networks": ["127.0.0.1/32"]}):
            Product.objects.filter(pk=world.product.pk).update(
                **{"allowed_networks": [], "denied_networks": []} | lists
            )
            assert api.get("/keys/me").code == "ip_not_allowed"
        world.consumer.api.post(f"{world.subscription_path}/keys/{world.key.public_id}/revoke")
        assert api.get("/keys/me").code == "key_revoked"

    def test_an_access_token_is_sent_on_to_nobody(self, world: World) -> None:
        assert world.consumer.api.post("/actions", {"action": "hello.ping"}).code == "key_invalid"
        assert Api(world.secret).post("/actions", {"action": "else"}).status == 422
