"""Where events are sent to."""

import secrets

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.lists import page
from tests.fakes.stripe.world import Object, random_id


@route("POST", "/v1/webhook_endpoints", "api_version connect description metadata", required="url enabled_events")
def create(call: Call) -> Object:
    params = call.params
    endpoint = call.add(
        {
            "id": random_id("we"),
            "object": "webhook_endpoint",
            "api_version": params.text("api_version"),
            "application": None,
            "created": call.now(),
            "description": params.text("description"),
            "enabled_events": params.items("enabled_events"),
            "livemode": False,
            "metadata": params.metadata(),
            "status": "enabled",
            "url": params.text("url"),
        }
    )
    secret = f"whsec_{secrets.token_hex(16)}"
    call.world.private[endpoint["id"]] = {"secrets": [secret], "is_connect": params.boolean("connect")}
    # Only the answer to its creation ever shows it.
    return {**endpoint, "secret": secret}


@route("GET", "/v1/webhook_endpoints/{id}")
def retrieve(call: Call) -> Object:
    return call.get("webhook_endpoint")


@route("POST", "/v1/webhook_endpoints/{id}", "enabled_events url disabled description metadata")
def update(call: Call) -> Object:
    endpoint = call.get("webhook_endpoint")
    endpoint["url"] = call.params.text("url", endpoint["url"])
    endpoint["enabled_events"] = call.params.items("enabled_events") or endpoint["enabled_events"]
    if call.params.has("disabled"):
        endpoint["status"] = "disabled" if call.params.boolean("disabled") else "enabled"
    endpoint["metadata"] = call.params.metadata(endpoint["metadata"])
    return endpoint


@route("DELETE", "/v1/webhook_endpoints/{id}")
def delete(call: Call) -> Object:
    endpoint = call.get("webhook_endpoint")
    del call.world.books[call.account][endpoint["id"]]
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


@listing("/v1/webhook_endpoints")
def list_(call: Call) -> Object:
    return page(call.params, call.world.of_kind(call.account, "webhook_endpoint"), "/v1/webhook_endpoints")
