"""Links to the hosted onboarding of a connected account: good for one visit, and a few minutes."""

import secrets

from tests.fakes.stripe.calls import Call, route
from tests.fakes.stripe.errors import no_such
from tests.fakes.stripe.world import PLATFORM, Object

LIFE_SECONDS = 300


@route("POST", "/v1/account_links", "refresh_url return_url collection_options collect", required="account type")
def create(call: Call) -> Object:
    call.params.require("refresh_url", "return_url")
    account = call.params.text("account")
    found = call.world.find(PLATFORM, account, "account")
    if found is None or found.get("deleted"):
        raise no_such("account", account, "account")
    token, now = secrets.token_urlsafe(16), call.now()
    call.world.private[f"link:{token}"] = {
        "account": account,
        "return_url": call.params.text("return_url"),
        "refresh_url": call.params.text("refresh_url"),
        "expires_at": now + LIFE_SECONDS,
    }
    return {
        "object": "account_link",
        "created": now,
        "expires_at": now + LIFE_SECONDS,
        "url": f"{call.world.base_url}/setup/{token}",
    }
