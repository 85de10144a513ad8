"""Saving a card for later, perhaps with the cardholder's confirmation."""

import secrets

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import declined, refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.resources.payment_intents import ask_holder
from tests.fakes.stripe.resources.payment_methods import attach_method, card_of, find_method
from tests.fakes.stripe.world import Object, random_id

_OPEN = {"requires_payment_method", "requires_confirmation", "requires_action"}


@route(
    "POST",
    "/v1/setup_intents",
    "customer payment_method confirm usage description metadata return_url payment_method_types "
    "automatic_payment_methods",
)
def create(call: Call) -> Object:
    params = call.params
    call.named("customer", "customer")
    intent = new_setup(call, params.text("customer"), params.metadata())
    intent["description"] = params.text("description")
    intent["usage"] = params.text("usage", "off_session")
    if (method := params.text("payment_method")) is not None:
        intent["payment_method"] = find_method(call, method, param="payment_method")["id"]
        intent["status"] = "requires_confirmation"
    call.emit("setup_intent.created", intent)
    if params.boolean("confirm"):
        attempt(call, intent, params.text("return_url"))
    return intent


@route("GET", "/v1/setup_intents/{id}", "client_secret")
def retrieve(call: Call) -> Object:
    return call.get("setup_intent")


@route("POST", "/v1/setup_intents/{id}/confirm", "payment_method return_url")
def confirm(call: Call) -> Object:
    intent = call.get("setup_intent")
    if intent["status"] not in _OPEN:
        raise refused(f"This SetupIntent has a status of {intent['status']}.", "setup_intent_unexpected_state")
    if (method := call.params.text("payment_method")) is not None:
        intent["payment_method"] = find_method(call, method, param="payment_method")["id"]
    attempt(call, intent, call.params.text("return_url"))
    return intent


@route("POST", "/v1/setup_intents/{id}/cancel", "cancellation_reason")
def cancel(call: Call) -> Object:
    intent = call.get("setup_intent")
    if intent["status"] not in _OPEN:
        raise refused(f"This SetupIntent has a status of {intent['status']}.", "setup_intent_unexpected_state")
    intent |= {
        "status": "canceled",
        "cancellation_reason": call.params.text("cancellation_reason"),
        "next_action": None,
    }
    call.emit("setup_intent.canceled", intent)
    return intent


@listing("/v1/setup_intents", "customer payment_method created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "setup_intent"))
    return page(call.params, matching(call.params, found, "customer", "payment_method"), "/v1/setup_intents")


def new_setup(call: Call, customer: str | None, metadata: dict[str, str]) -> Object:
    id_ = random_id("seti")
    return call.add(
        {
            "id": id_,
            "object": "setup_intent",
            "application": None,
            "automatic_payment_methods": None,
            "cancellation_reason": None,
            "client_secret": f"{id_}_secret_{secrets.token_hex(12)}",
            "created": call.now(),
            "customer": customer,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": metadata,
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {
                "card": {"mandate_options": None, "network": None, "request_three_d_secure": None}
            },
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": "off_session",
        }
    )


def attempt(call: Call, intent: Object, return_url: str | None) -> None:
    """Save the card, or ask for its holder. A card that cannot be saved raises the answer that the caller gets."""
    method = call.world.get(call.account, intent["payment_method"], "payment_method")
    card = card_of(call.world, method)
    if not card.can_be_saved:
        answer = declined(card.decline_code, payment_method={**method})
        refuse(call, intent, {**answer.error})
        raise answer.about(setup_intent={**intent})
    if card.authentication != "never":
        ask_holder(call, intent, return_url)
    else:
        succeed(call, intent)


def succeed(call: Call, intent: Object) -> None:
    method = call.world.get(call.account, intent["payment_method"], "payment_method")
    call.world.private[method["id"]]["is_confirmed"] = True
    intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    if intent["customer"]:
        attach_method(call, method, intent["customer"])
    call.emit("setup_intent.succeeded", intent)


def refuse_holder(call: Call, intent: Object) -> None:
    """The cardholder failed at the bank's page."""
    message = "The latest attempt to set up the payment method has failed because authentication failed."
    refuse(call, intent, {"type": "card_error", "code": "setup_intent_authentication_failure", "message": message})


def refuse(call: Call, intent: Object, error: Object) -> None:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    call.emit("setup_intent.setup_failed", intent)
