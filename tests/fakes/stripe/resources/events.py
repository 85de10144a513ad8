"""Events: what happened, with the object as it was then."""

import copy
from typing import Any

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.world import API_VERSION, PLATFORM, Object, World, random_id


def emit(
    world: World,
    account: str,
    kind: str,
    item: Object,
    previous: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
) -> Object:
    """Record an event and hand it to whoever listens. `previous`: the old values of what an `updated` changed."""
    data: Object = {"object": copy.deepcopy(item)}
    if previous:
        data["previous_attributes"] = previous
    event: Object = {
        "id": random_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": world.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": request or {"id": None, "idempotency_key": None},
        "type": kind,
    }
    if account != PLATFORM:
        event["account"] = account
    world.add(account, event)
    world.on_event(event, account)
    return event


@route("GET", "/v1/events/{id}")
def retrieve(call: Call) -> Object:
    return call.get("event")


@listing("/v1/events", "type types created delivery_success")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "event"))
    kinds = call.params.items("types")
    found = [event for event in found if not kinds or event["type"] in kinds]
    return page(call.params, matching(call.params, found, "type"), "/v1/events")
