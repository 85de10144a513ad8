"""Money from an account's balance to its bank."""

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.currencies import check_payout
from tests.fakes.stripe.errors import refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.resources.balance import available, book
from tests.fakes.stripe.world import PLATFORM, Object, World, random_id

_DAY = 86400


@route(
    "POST",
    "/v1/payouts",
    "description destination metadata method source_type statement_descriptor",
    required="amount currency",
)
def create(call: Call) -> Object:
    currency = call.params.text("currency")
    amount = check_payout(call.params.integer("amount"), currency)
    owner = call.world.find(PLATFORM, call.account, "account")
    if call.account != PLATFORM and not owner["payouts_enabled"]:
        raise refused("Payouts are not enabled for this account.", "payouts_not_allowed")
    if available(call.world, call.account, currency) < amount:
        raise refused("You have insufficient funds in your Stripe account for this payout.", "balance_insufficient")
    payout = pay_out(call, amount, currency)
    payout["metadata"] = call.params.metadata()
    payout["description"] = call.params.text("description", payout["description"])
    payout["statement_descriptor"] = call.params.text("statement_descriptor")
    call.emit("payout.created", payout)
    return payout


@route("GET", "/v1/payouts/{id}")
def retrieve(call: Call) -> Object:
    return call.get("payout")


@listing("/v1/payouts", "created arrival_date status destination")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "payout"))
    return page(call.params, matching(call.params, found, "status", "destination"), "/v1/payouts")


@route("POST", "/v1/payouts/{id}/cancel")
def cancel(call: Call) -> Object:
    payout = call.get("payout")
    if payout["status"] != "pending":
        raise refused("Only a pending payout can be canceled.", "payout_cannot_be_canceled")
    end_payout(call, payout, "canceled")
    return payout


def end_payout(call: Call, payout: Object, outcome: str) -> None:
    """`outcome`: paid, failed or canceled; the money of the last two is the account's again."""
    payout["status"] = outcome
    if outcome != "paid":
        kind = "payout_failure" if outcome == "failed" else "payout_cancel"
        transaction = book(
            call.world,
            call.account,
            kind,
            amount=payout["amount"],
            currency=payout["currency"],
            source=payout["id"],
            description=f"PAYOUT {outcome.upper()}",
        )
        payout["failure_balance_transaction"] = transaction["id"]
    if outcome == "failed":
        payout |= {"failure_code": "account_closed", "failure_message": "The bank account has been closed"}
    call.emit(f"payout.{outcome}", payout)


def arrive(world: World) -> None:
    """Every payout that is due by now is paid."""
    for account in list(world.books):
        for payout in list(world.of_kind(account, "payout")):
            if payout["status"] == "pending" and payout["arrival_date"] <= world.now():
                end_payout(Call(world, Params({}), account), payout, "paid")


def pay_out(call: Call, amount: int, currency: str) -> Object:
    """A payout of the account's, to the first of its banks."""
    owner = call.world.find(PLATFORM, call.account, "account")
    banks = owner["external_accounts"]["data"] if owner else []
    payout: Object = {
        "id": random_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": call.now() + 2 * _DAY,
        "automatic": False,
        "balance_transaction": None,
        "created": call.now(),
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": banks[0]["id"] if banks else None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
    transaction = book(
        call.world,
        call.account,
        "payout",
        amount=-amount,
        currency=currency,
        source=payout["id"],
        description=payout["description"],
    )
    payout["balance_transaction"] = transaction["id"]
    return call.add(payout)
