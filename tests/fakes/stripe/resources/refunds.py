from tests.fakes.stripe import cards
from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import invalid, refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.resources.balance import book
from tests.fakes.stripe.world import Object, World, random_id


@route("POST", "/v1/refunds", "charge payment_intent amount reason metadata")
def create(call: Call) -> Object:
    charge = _charge(call)
    left = charge["amount"] - charge["amount_refunded"]
    amount = call.params.integer("amount", left)
    if charge["disputed"] and _is_disputed(call.world, call.account, charge):
        raise refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")
    if left == 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        raise refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    refund: Object = {
        "id": random_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now(),
        "currency": charge["currency"],
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": call.params.metadata(),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": call.params.text("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    transaction = book(
        call.world,
        call.account,
        "refund",
        amount=-amount,
        currency=charge["currency"],
        source=refund["id"],
        description="REFUND FOR CHARGE",
    )
    refund["balance_transaction"] = transaction["id"]
    call.add(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge)
    method = call.world.private.get(charge["payment_method"])
    if method is not None and cards.BY_NAME[method["card"]].refund_fails:
        fail_refund(call, refund)
    return refund


@route("GET", "/v1/refunds/{id}")
def retrieve(call: Call) -> Object:
    return call.get("refund")


@route("POST", "/v1/refunds/{id}", "metadata")
def update(call: Call) -> Object:
    refund = call.get("refund")
    refund["metadata"] = call.params.metadata(refund["metadata"])
    call.emit("refund.updated", refund)
    return refund


@listing("/v1/refunds", "charge payment_intent created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "refund"))
    return page(call.params, matching(call.params, found, "charge", "payment_intent"), "/v1/refunds")


@listing("/v1/charges/{id}/refunds")
def of_charge(call: Call) -> Object:
    found = (refund for refund in call.world.of_kind(call.account, "refund") if refund["charge"] == call.id)
    return page(call.params, found, f"/v1/charges/{call.id}/refunds")


def fail_refund(call: Call, refund: Object) -> None:
    """The bank sends the money back: it is the account's again."""
    transaction = book(
        call.world,
        call.account,
        "refund_failure",
        amount=refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        description="REFUND FAILURE FOR CHARGE",
    )
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": transaction["id"],
    }
    charge = call.world.get(call.account, refund["charge"], "charge")
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.emit("refund.failed", refund)
    call.emit("refund.updated", refund)
    call.emit("charge.refund.updated", refund)


def _charge(call: Call) -> Object:
    charge, intent = call.params.text("charge"), call.params.text("payment_intent")
    if (charge is None) == (intent is None):
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    if charge is None:
        found = call.world.named(call.account, intent, "payment_intent", param="payment_intent")
        charge = found["latest_charge"]
        if charge is None or found["status"] != "succeeded":
            raise refused("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
    return call.world.named(call.account, charge, "charge", param="charge")


def _is_disputed(world: World, account: str, charge: Object) -> bool:
    of_charge = [dispute for dispute in world.of_kind(account, "dispute") if dispute["charge"] == charge["id"]]
    return any(dispute["status"] != "won" for dispute in of_charge)
