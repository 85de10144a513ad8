"""Checkout: a hosted page that takes a payment, saves a card, or starts a subscription."""

from typing import Any

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.currencies import check_amount
from tests.fakes.stripe.errors import invalid, refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.resources.customers import present
from tests.fakes.stripe.resources.payment_intents import OPEN, end
from tests.fakes.stripe.resources.prices import new_price
from tests.fakes.stripe.world import Object, World, random_id

_LIFE_SECONDS = 86400


@route(
    "POST",
    "/v1/checkout/sessions",
    "mode line_items customer customer_email customer_creation client_reference_id success_url cancel_url metadata "
    "payment_intent_data setup_intent_data subscription_data payment_method_types currency expires_at locale "
    "submit_type ui_mode return_url billing_address_collection saved_payment_method_options",
    required="mode",
)
def create(call: Call) -> Object:
    params, now = call.params, call.now()
    mode = params.text("mode")
    if mode not in {"payment", "setup", "subscription"}:
        raise invalid("Invalid mode: must be one of payment, setup, or subscription", "mode")
    params.require("success_url")
    if params.has("customer"):
        present(call, params.text("customer"), param="customer")
    lines = [_line(call, Params(each)) for each in params.items("line_items")]
    if mode != "setup" and not lines:
        raise invalid("You must specify line_items.", "line_items", "parameter_missing")
    total = sum(line["amount_total"] for line in lines) if mode != "setup" else None
    currency = lines[0]["currency"] if lines else params.text("currency")
    if mode == "payment":
        check_amount(total, currency)
    expires_at = params.integer("expires_at", now + _LIFE_SECONDS)
    if not now + 1800 <= expires_at <= now + _LIFE_SECONDS:
        raise invalid("expires_at must be from 30 minutes to 24 hours from now.", "expires_at")
    id_ = random_id("cs_test")
    session = call.add(_new(id_, params, currency, total, now, expires_at, f"{call.world.base_url}/c/pay/{id_}"))
    call.world.private[id_] = {
        "account": call.account,
        "line_items": lines,
        "payment_intent_data": params.mapping("payment_intent_data"),
        "setup_intent_data": params.mapping("setup_intent_data"),
        "subscription_data": params.mapping("subscription_data"),
    }
    return session


@route("GET", "/v1/checkout/sessions/{id}")
def retrieve(call: Call) -> Object:
    session = call.get("checkout.session")
    expire_due(call, session)
    return session


@listing("/v1/checkout/sessions", "customer payment_intent subscription status created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "checkout.session"))
    found = matching(call.params, found, "customer", "payment_intent", "subscription", "status")
    return page(call.params, found, "/v1/checkout/sessions")


@listing("/v1/checkout/sessions/{id}/line_items")
def line_items(call: Call) -> Object:
    session = call.get("checkout.session")
    items = call.world.private[session["id"]]["line_items"]
    return page(call.params, items, f"/v1/checkout/sessions/{call.id}/line_items")


@route("POST", "/v1/checkout/sessions/{id}/expire")
def expire(call: Call) -> Object:
    session = call.get("checkout.session")
    if session["status"] != "open":
        raise refused(f"Only Checkout Sessions with a status of open can be expired, not {session['status']}.")
    _end(call, session)
    return session


def expire_due(call: Call, session: Object) -> None:
    if session["status"] == "open" and session["expires_at"] <= call.now():
        _end(call, session)


def complete(call: Call, session: Object, **found: Any) -> None:
    """The page's work is done; `found` holds what came of it (`payment_intent`, `setup_intent`, `subscription`)."""
    session |= {
        "status": "complete",
        "payment_status": "no_payment_required" if session["mode"] == "setup" else "paid",
        "url": None,
        **found,
    }
    call.emit("checkout.session.completed", session)


def find_session(world: World, id_: str) -> tuple[str, Object] | None:
    """The session of this id and the account that it is of, whoever asks: its address is its secret."""
    private = world.private.get(id_)
    if private is None or "line_items" not in private:
        return None
    return private["account"], world.get(private["account"], id_, "checkout.session")


def _end(call: Call, session: Object) -> None:
    session |= {"status": "expired", "url": None}
    intent = call.world.find(call.account, call.world.private[session["id"]].get("intent", ""), "payment_intent")
    if intent is not None and intent["status"] in OPEN:
        end(call, intent)
    call.emit("checkout.session.expired", session)


def _line(call: Call, params: Params) -> Object:
    if params.has("price"):
        price = call.world.named(call.account, params.text("price"), "price", param="line_items[0][price]")
    elif params.has("price_data"):
        price = new_price(call, params.under("price_data"))
    else:
        raise invalid("Each line needs a price.", "line_items[0][price]", "parameter_missing")
    quantity = params.integer("quantity", 1)
    amount = price["unit_amount"] * quantity
    product = call.world.get(call.account, price["product"], "product")
    return {
        "id": random_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def _new(
    id_: str, params: Params, currency: str | None, total: int | None, now: int, expires_at: int, url: str
) -> Object:
    email = params.text("customer_email")
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.text("billing_address_collection"),
        "cancel_url": params.text("cancel_url"),
        "client_reference_id": params.text("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.text("customer"),
        "customer_account": None,
        "customer_creation": params.text("customer_creation"),
        "customer_details": None,
        "customer_email": email,
        "discounts": [],
        "expires_at": expires_at,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.text("locale"),
        "metadata": params.metadata(),
        "mode": params.text("mode"),
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": None if params.text("mode") != "subscription" else "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": params.items("payment_method_types") or ["card"],
        "payment_status": "unpaid" if params.text("mode") != "setup" else "no_payment_required",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.text("submit_type"),
        "subscription": None,
        "success_url": params.text("success_url"),
        "total_details": None if total is None else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
        "wallet_options": None,
    }
