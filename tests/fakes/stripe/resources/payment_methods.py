from typing import Any

from tests.fakes.stripe import cards
from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import declined, invalid, refused
from tests.fakes.stripe.lists import matching, page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.world import Object, World, random_id

NO_DETAILS: Object = {
    "address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


@route("POST", "/v1/payment_methods", "card billing_details metadata allow_redisplay", required="type")
def create(call: Call) -> Object:
    return make_method(call, call.params)


@route("GET", "/v1/payment_methods/{id}")
def retrieve(call: Call) -> Object:
    return call.get("payment_method")


@route("POST", "/v1/payment_methods/{id}", "metadata billing_details card allow_redisplay")
def update(call: Call) -> Object:
    method = call.get("payment_method")
    method["metadata"] = call.params.metadata(method["metadata"])
    for name in ("exp_month", "exp_year"):
        method["card"][name] = call.params.integer(f"card.{name}", method["card"][name])
    call.emit("payment_method.updated", method)
    return method


@listing("/v1/payment_methods", "customer type")
def list_(call: Call) -> Object:
    found = matching(call.params, call.world.of_kind(call.account, "payment_method"), "customer", "type")
    return page(call.params, [m for m in found if m["customer"] is not None], "/v1/payment_methods")


@listing("/v1/customers/{id}/payment_methods", "type")
def of_customer(call: Call) -> Object:
    found = (m for m in call.world.of_kind(call.account, "payment_method") if m["customer"] == call.id)
    url = f"/v1/customers/{call.id}/payment_methods"
    return page(call.params, matching(call.params, found, "type"), url)


@route("POST", "/v1/payment_methods/{id}/attach", required="customer")
def attach(call: Call) -> Object:
    call.world.named(call.account, call.params.text("customer"), "customer", param="customer")
    return own_method(call, call.id, call.params.text("customer"), param="payment_method")


@route("POST", "/v1/payment_methods/{id}/detach")
def detach(call: Call) -> Object:
    method = call.get("payment_method")
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer.", "payment_method")
    customer = call.world.find(call.account, method["customer"], "customer")
    if customer and customer.get("invoice_settings", {}).get("default_payment_method") == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
    previous = {"customer": method["customer"]}
    method["customer"] = None
    call.world.private[method["id"]]["is_used_up"] = True
    call.emit("payment_method.detached", method, previous)
    return method


def find_method(call: Call, id_: str, *, param: str) -> Object:
    """The payment method of this id; `pm_card_visa` and its like make a new one."""
    if id_.startswith("pm_card_"):
        return new_card(call, cards.of_token(id_))
    return call.world.named(call.account, id_, "payment_method", param=param)


def own_method(call: Call, id_: str, customer: str, *, param: str = "payment_method") -> Object:
    """The payment method, attached to the customer if it is nobody's yet. A card that cannot be saved is declined."""
    method = find_method(call, id_, param=param)
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise refused("The payment method you provided has already been attached to a customer.", param=param)
    card = card_of(call.world, method)
    if not card.can_be_saved:
        raise declined(card.decline_code)
    attach_method(call, method, customer)
    return method


def attach_method(call: Call, method: Object, customer: str) -> None:
    if method["customer"] is None:
        method["customer"] = customer
        call.emit("payment_method.attached", method)


def make_method(call: Call, params: Params) -> Object:
    """From `type=card&card[token]=…` or `card[number]=…`."""
    if params.text("type") != "card":
        raise invalid("This server knows cards only.", "type")
    if token := params.text("card.token"):
        card = cards.of_token(token)
    else:
        params.require("card.number", "card.exp_month", "card.exp_year")
        card = cards.of_number(params.text("card.number"))
    method = new_card(call, card)
    method["card"]["exp_month"] = params.integer("card.exp_month", method["card"]["exp_month"])
    method["card"]["exp_year"] = params.integer("card.exp_year", method["card"]["exp_year"])
    method["metadata"] = params.metadata()
    details = params.under("billing_details")
    method["billing_details"] |= {name: details.text(name) for name in ("email", "name", "phone") if details.has(name)}
    return method


def new_card(call: Call, card: cards.TestCard) -> Object:
    method: Object = {
        "id": random_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**NO_DETAILS, "address": {**NO_DETAILS["address"]}},
        "card": _details(card),
        "created": call.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    call.world.private[method["id"]] = {"card": card.name, "is_confirmed": False, "is_used_up": False}
    return call.add(method)


def card_of(world: World, method: Object) -> cards.TestCard:
    return cards.BY_NAME[world.private[method["id"]]["card"]]


def _details(card: cards.TestCard) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"fake{card.brand}{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
