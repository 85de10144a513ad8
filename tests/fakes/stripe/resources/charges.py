from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.currencies import fee_of
from tests.fakes.stripe.errors import DECLINES
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.resources.balance import book
from tests.fakes.stripe.resources.payment_methods import NO_DETAILS
from tests.fakes.stripe.world import Object, random_id


@route("GET", "/v1/charges/{id}")
def retrieve(call: Call) -> Object:
    return call.get("charge")


@route("POST", "/v1/charges/{id}", "metadata description receipt_email transfer_group")
def update(call: Call) -> Object:
    charge = call.get("charge")
    charge["metadata"] = call.params.metadata(charge["metadata"])
    charge["description"] = call.params.text("description", charge["description"])
    call.emit("charge.updated", charge)
    return charge


@listing("/v1/charges", "customer payment_intent transfer_group created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "charge"))
    found = matching(call.params, found, "customer", "payment_intent", "transfer_group")
    return page(call.params, found, "/v1/charges")


def charge_card(call: Call, intent: Object, method: Object, decline_code: str = "") -> Object:
    """The attempt to charge what an intent is for; with a decline code it failed."""
    charge = _new(call, intent, method)
    if decline_code:
        code = decline_code if decline_code in {"expired_card", "authentication_required"} else "card_declined"
        charge |= {
            "status": "failed",
            "paid": False,
            "failure_code": code,
            "failure_message": DECLINES[decline_code],
            "outcome": _outcome("issuer_declined", decline_code),
        }
        call.add(charge)
        call.emit("charge.failed", charge)
        return charge
    transaction = book(
        call.world,
        call.account,
        "charge",
        amount=intent["amount"],
        fee=fee_of(intent["amount"]),
        currency=intent["currency"],
        source=charge["id"],
        description=intent["description"],
        days=call.world.availability_days,
    )
    charge["balance_transaction"] = transaction["id"]
    call.add(charge)
    call.emit("charge.succeeded", charge)
    return charge


def _outcome(kind: str, decline_code: str | None) -> Object:
    was_declined = decline_code is not None
    return {
        "advice_code": "do_not_try_again" if was_declined else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if was_declined else "approved_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details." if was_declined else "Payment complete.",
        "type": kind,
    }


def _new(call: Call, intent: Object, method: Object) -> Object:
    card = method["card"]
    return {
        "id": random_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {**NO_DETAILS, **method["billing_details"]},
        "calculated_statement_descriptor": "API FACTORY",
        "captured": True,
        "created": call.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {**intent["metadata"]},
        "on_behalf_of": None,
        "outcome": _outcome("authorized", None),
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "card": {
                "amount_authorized": intent["amount"],
                "authorization_code": None,
                "brand": card["brand"],
                "checks": card["checks"],
                "country": card["country"],
                "exp_month": card["exp_month"],
                "exp_year": card["exp_year"],
                "fingerprint": card["fingerprint"],
                "funding": card["funding"],
                "installments": None,
                "last4": card["last4"],
                "mandate": None,
                "network": card["brand"],
                "network_transaction_id": None,
                "regulated_status": "unregulated",
                "three_d_secure": None,
                "wallet": None,
            },
            "type": "card",
        },
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{call.world.base_url}/receipts/{intent['id']}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
