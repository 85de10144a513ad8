"""Payments: created, confirmed at once or later, and perhaps in need of the cardholder."""

import re
import secrets
from typing import Any

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.currencies import check_amount
from tests.fakes.stripe.errors import StripeError, declined, invalid, refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.params import LIST_PARAMETERS
from tests.fakes.stripe.resources.charges import charge_card
from tests.fakes.stripe.resources.disputes import open_dispute
from tests.fakes.stripe.resources.payment_methods import attach_method, card_of, find_method, make_method
from tests.fakes.stripe.world import Object, random_id

_DESCRIBING = "description metadata receipt_email transfer_group statement_descriptor_suffix setup_future_usage"
_CONFIRMING = "payment_method payment_method_data off_session return_url payment_method_options"
OPEN = {"requires_payment_method", "requires_confirmation", "requires_action"}


@route(
    "POST",
    "/v1/payment_intents",
    f"customer confirm automatic_payment_methods payment_method_types {_DESCRIBING} {_CONFIRMING}",
    required="amount currency",
)
def create(call: Call) -> Object:
    params = call.params
    amount = check_amount(params.integer("amount"), params.text("currency"))
    call.named("customer", "customer")
    off_session = params.text("off_session") not in (None, "false")
    if off_session and not params.boolean("confirm"):
        raise invalid("`off_session` can only be set when `confirm` is true.", "off_session")
    method = _given_method(call, params.text("customer"))
    intent = new_intent(call, amount, params.text("currency"), params.text("customer"))
    _describe(call, intent)
    if params.has("payment_method_types"):
        intent["payment_method_types"] = params.items("payment_method_types")
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.add(intent)
    call.emit("payment_intent.created", intent)
    if params.boolean("confirm"):
        attempt(call, intent, off_session=off_session, return_url=params.text("return_url"))
    return intent


@route("GET", "/v1/payment_intents/{id}", "client_secret")
def retrieve(call: Call) -> Object:
    return call.get("payment_intent")


@route("POST", "/v1/payment_intents/{id}", f"amount currency customer payment_method {_DESCRIBING}")
def update(call: Call) -> Object:
    intent = call.get("payment_intent")
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "updated")
    if call.params.has("amount"):
        intent["amount"] = check_amount(call.params.integer("amount"), intent["currency"])
    _describe(call, intent)
    return intent


@route("POST", "/v1/payment_intents/{id}/confirm", f"{_DESCRIBING} {_CONFIRMING}")
def confirm(call: Call) -> Object:
    intent = call.get("payment_intent")
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirmed")
    method = _given_method(call, intent["customer"])
    if method is not None:
        intent["payment_method"] = method["id"]
    if intent["payment_method"] is None:
        raise refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            "payment_intent_unexpected_state",
        )
    _describe(call, intent)
    off_session = call.params.text("off_session") not in (None, "false")
    attempt(call, intent, off_session=off_session, return_url=call.params.text("return_url"))
    return intent


@route("POST", "/v1/payment_intents/{id}/cancel", "cancellation_reason")
def cancel(call: Call) -> Object:
    intent = call.get("payment_intent")
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "canceled")
    end(call, intent, call.params.text("cancellation_reason"))
    return intent


@listing("/v1/payment_intents", "customer created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "payment_intent"))
    return page(call.params, matching(call.params, found, "customer"), "/v1/payment_intents")


@route("GET", "/v1/payment_intents/search", f"page {' '.join(LIST_PARAMETERS)}", required="query")
def search(call: Call) -> Object:
    """Only `metadata["name"]:"value"`, several joined with AND."""
    terms = re.findall(r"""metadata\[['"](.+?)['"]\]:['"](.+?)['"]""", call.params.text("query"))
    if not terms:
        raise invalid("This server searches by metadata only.", "query")
    found = [
        intent
        for intent in call.world.of_kind(call.account, "payment_intent")
        if all(intent["metadata"].get(name) == value for name, value in terms)
    ]
    result = page(call.params, found, "/v1/payment_intents/search")
    return {**result, "object": "search_result", "next_page": None}


def end(call: Call, intent: Object, reason: str | None = None) -> None:
    intent |= {
        "status": "canceled",
        "canceled_at": call.now(),
        "cancellation_reason": reason,
        "next_action": None,
    }
    call.emit("payment_intent.canceled", intent)


def new_intent(call: Call, amount: int, currency: str, customer: str | None) -> Object:
    id_ = random_id("pi")
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id_}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": call.now(),
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def attempt(call: Call, intent: Object, *, off_session: bool, return_url: str | None = None) -> None:
    """Charge the intent's card, or ask for its holder. A decline raises the answer that the caller gets."""
    method = call.world.get(call.account, intent["payment_method"], "payment_method")
    private = call.world.private[method["id"]]
    if private["is_used_up"]:
        raise refused(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            param="payment_method",
        )
    card = card_of(call.world, method)
    needs_holder = card.authentication == "always" or (
        card.authentication == "unless_saved" and not private["is_confirmed"]
    )
    if needs_holder and off_session:
        _fail(call, intent, method, "authentication_required")
    elif needs_holder:
        ask_holder(call, intent, return_url)
    elif card.decline_code:
        _fail(call, intent, method, card.decline_code)
    else:
        succeed(call, intent)


def ask_holder(call: Call, intent: Object, return_url: str | None) -> None:
    """The bank wants the cardholder: a page of its own shows what it asks."""
    url = f"{call.world.base_url}/3ds/{intent['id']}"
    call.world.private[intent["id"]] = {"return_url": return_url, "account": call.account}
    intent["status"] = "requires_action"
    if return_url:
        redirect = {"return_url": return_url, "url": url}
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": redirect}
    else:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    call.emit(f"{intent['object']}.requires_action", intent)


def succeed(call: Call, intent: Object) -> None:
    method = call.world.get(call.account, intent["payment_method"], "payment_method")
    card = card_of(call.world, method)
    charge = charge_card(call, intent, method)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    if intent["setup_future_usage"] and intent["customer"]:
        attach_method(call, method, intent["customer"])
    elif method["customer"] is None:
        call.world.private[method["id"]]["is_used_up"] = True
    call.emit("payment_intent.succeeded", intent)
    if card.is_disputed:
        open_dispute(call, charge)


def refuse_holder(call: Call, intent: Object) -> None:
    """The cardholder failed at the bank's page."""
    method = call.world.get(call.account, intent["payment_method"], "payment_method")
    error = {
        "type": "card_error",
        "code": "payment_intent_authentication_failure",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
        "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
        "PaymentMethod to attempt to fulfill this PaymentIntent again.",
        "payment_method": {**method},
    }
    _back_to_start(call, intent, error)


def _fail(call: Call, intent: Object, method: Object, decline_code: str) -> None:
    charge = charge_card(call, intent, method, decline_code)
    answer = declined(decline_code, charge=charge["id"], payment_method={**method})
    intent["latest_charge"] = charge["id"]
    _back_to_start(call, intent, {**answer.error})
    raise answer.about(payment_intent={**intent})


def _back_to_start(call: Call, intent: Object, error: dict[str, Any]) -> None:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error,
    }
    call.emit("payment_intent.payment_failed", intent)


def _describe(call: Call, intent: Object) -> None:
    params = call.params
    for name in _DESCRIBING.split():
        if name != "metadata" and params.has(name):
            intent[name] = params.text(name)
    if params.has("metadata"):
        intent["metadata"] = params.metadata(intent["metadata"])


def _given_method(call: Call, customer: str | None) -> Object | None:
    if call.params.has("payment_method_data"):
        method = make_method(call, call.params.under("payment_method_data"))
    elif (id_ := call.params.text("payment_method")) is not None:
        method = find_method(call, id_, param="payment_method")
    else:
        return None
    if method["customer"] not in (None, customer):
        raise invalid(
            "The PaymentMethod you provided belongs to another Customer: pass that customer.", "payment_method"
        )
    return method


def _unexpected(intent: Object, done: str) -> StripeError:
    message = f"This PaymentIntent could not be {done} because it has a status of {intent['status']}."
    return StripeError(
        400,
        "invalid_request_error",
        message,
        code="payment_intent_unexpected_state",
        is_saved=True,
        payment_intent={**intent},
    )
