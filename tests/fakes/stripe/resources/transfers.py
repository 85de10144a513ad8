"""Money from the platform's balance to a connected account, and back."""

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.currencies import check_amount
from tests.fakes.stripe.errors import invalid, no_such, refused
from tests.fakes.stripe.lists import created_within, matching, page, whole
from tests.fakes.stripe.resources.accounts import emit_of
from tests.fakes.stripe.resources.balance import available, book
from tests.fakes.stripe.resources.payment_methods import NO_DETAILS
from tests.fakes.stripe.resources.payouts import pay_out
from tests.fakes.stripe.world import PLATFORM, Object, random_id


@route(
    "POST",
    "/v1/transfers",
    "description metadata source_transaction source_type transfer_group",
    required="amount currency destination",
)
def create(call: Call) -> Object:
    params = call.params
    currency = params.text("currency")
    amount = check_amount(params.integer("amount"), currency, minimum=False)
    destination = _destination(call)
    if available(call.world, call.account, currency) < amount and not params.has("source_transaction"):
        raise refused(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card.",
            "balance_insufficient",
        )
    transfer: Object = {
        "id": random_id("tr"),
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": call.now(),
        "currency": currency,
        "description": params.text("description"),
        "destination": destination["id"],
        "destination_payment": None,
        "livemode": False,
        "metadata": params.metadata(),
        "reversals": None,
        "reversed": False,
        "source_transaction": params.text("source_transaction"),
        "source_type": params.text("source_type", "card"),
        "transfer_group": params.text("transfer_group"),
    }
    transfer["reversals"] = whole([], f"/v1/transfers/{transfer['id']}/reversals")
    transaction = book(
        call.world,
        call.account,
        "transfer",
        amount=-amount,
        currency=currency,
        source=transfer["id"],
        description=transfer["description"],
    )
    transfer["balance_transaction"] = transaction["id"]
    transfer["destination_payment"] = _arrival(call, transfer, destination)["id"]
    call.add(transfer)
    call.emit("transfer.created", transfer)
    return transfer


@route("GET", "/v1/transfers/{id}")
def retrieve(call: Call) -> Object:
    return call.get("transfer")


@route("POST", "/v1/transfers/{id}", "description metadata")
def update(call: Call) -> Object:
    transfer = call.get("transfer")
    transfer["metadata"] = call.params.metadata(transfer["metadata"])
    transfer["description"] = call.params.text("description", transfer["description"])
    call.emit("transfer.updated", transfer)
    return transfer


@listing("/v1/transfers", "created destination transfer_group")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "transfer"))
    return page(call.params, matching(call.params, found, "destination", "transfer_group"), "/v1/transfers")


@route("POST", "/v1/transfers/{id}/reversals", "amount description metadata refund_application_fee")
def reverse(call: Call) -> Object:
    transfer = call.get("transfer")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.integer("amount", left)
    if left == 0:
        raise refused(f"Transfer {transfer['id']} is already fully reversed.")
    if amount < 1 or amount > left:
        raise invalid(f"The amount must be from 1 to {left}.", "amount")
    if available(call.world, transfer["destination"], transfer["currency"]) < amount:
        raise refused(
            "Insufficient funds: the connected account's available balance does not cover this reversal.",
            "balance_insufficient",
        )
    reversal: Object = {
        "id": random_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": call.now(),
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": call.params.metadata(),
        "source_refund": None,
        "transfer": transfer["id"],
    }
    transaction = book(
        call.world,
        call.account,
        "transfer_refund",
        amount=amount,
        currency=transfer["currency"],
        source=reversal["id"],
        description="REFUND FOR TRANSFER",
    )
    reversal["balance_transaction"] = transaction["id"]
    book(
        call.world,
        transfer["destination"],
        "payment_refund",
        amount=-amount,
        currency=transfer["currency"],
        source=transfer["destination_payment"],
        description="REFUND FOR PAYMENT",
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    call.add(reversal)
    call.emit("transfer.reversed", transfer)
    return reversal


@route("GET", "/v1/transfers/{id}/reversals/{reversal}")
def retrieve_reversal(call: Call) -> Object:
    call.get("transfer")
    return call.world.get(call.account, call.path["reversal"], "transfer_reversal")


@listing("/v1/transfers/{id}/reversals")
def reversals(call: Call) -> Object:
    return page(call.params, call.get("transfer")["reversals"]["data"], f"/v1/transfers/{call.id}/reversals")


def _destination(call: Call) -> Object:
    id_ = call.params.text("destination")
    found = call.world.find(PLATFORM, id_, "account")
    if found is None or found.get("deleted") or f"deauthorized:{id_}" in call.world.private:
        raise no_such("destination", id_, "destination")
    if found["capabilities"].get("transfers") != "active":
        raise refused(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            "insufficient_capabilities_for_transfer",
        )
    return found


def _arrival(call: Call, transfer: Object, destination: Object) -> Object:
    """The payment that the connected account sees."""
    id_ = random_id("py")
    transaction = book(
        call.world,
        destination["id"],
        "payment",
        amount=transfer["amount"],
        currency=transfer["currency"],
        source=id_,
        description=transfer["description"],
    )
    payment: Object = {
        "id": id_,
        "object": "charge",
        "amount": transfer["amount"],
        "amount_captured": transfer["amount"],
        "amount_refunded": 0,
        "balance_transaction": transaction["id"],
        "billing_details": {**NO_DETAILS},
        "captured": True,
        "created": call.now(),
        "currency": transfer["currency"],
        "customer": None,
        "description": transfer["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "paid": True,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": {"stripe_account": {}, "type": "stripe_account"},
        "receipt_url": None,
        "refunded": False,
        "source_transfer": transfer["id"],
        "status": "succeeded",
    }
    call.world.add(destination["id"], payment)
    emit_of(call.world, destination, "charge.succeeded", payment)
    if f"pays_out:{destination['id']}" in call.world.private:
        pay_out(Call(call.world, call.params, destination["id"]), transfer["amount"], transfer["currency"])
    return payment
