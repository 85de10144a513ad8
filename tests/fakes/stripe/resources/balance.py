"""The balance of an account: the sum of its balance transactions, no more and no less."""

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.world import Object, World, random_id

_DAY = 86400
_CATEGORIES = {
    "adjustment": "dispute",
    "payment": "charge",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "transfer_refund": "transfer_reversal",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
}


@route("GET", "/v1/balance")
def retrieve(call: Call) -> Object:
    totals: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in call.world.of_kind(call.account, "balance_transaction"):
        of_status = totals[_status(call.world, transaction)]
        currency = transaction["currency"]
        of_status[currency] = of_status.get(currency, 0) + transaction["net"]
    currencies = sorted({*totals["available"], *totals["pending"]}) or ["usd"]
    amounts = {
        status: [
            {
                "amount": of_status.get(currency, 0),
                "currency": currency,
                "source_types": {"card": of_status.get(currency, 0)},
            }
            for currency in currencies
        ]
        for status, of_status in totals.items()
    }
    return {"object": "balance", "livemode": False, **amounts}


@route("GET", "/v1/balance_transactions/{id}")
def retrieve_transaction(call: Call) -> Object:
    transaction = call.get("balance_transaction")
    transaction["status"] = _status(call.world, transaction)
    return transaction


@listing("/v1/balance_transactions", "created currency source type payout")
def list_transactions(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "balance_transaction"))
    for transaction in found:
        transaction["status"] = _status(call.world, transaction)
    found = matching(call.params, found, "currency", "source", "type")
    return page(call.params, found, "/v1/balance_transactions")


def book(
    world: World,
    account: str,
    kind: str,
    *,
    amount: int,
    currency: str,
    source: str,
    fee: int = 0,
    description: str | None = None,
    days: int = 0,
    category: str = "",
) -> Object:
    """A movement of `amount - fee`, available after `days`."""
    now = world.now()
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe fees",
        "type": "stripe_fee",
    }
    transaction: Object = {
        "id": random_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + days * _DAY,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": amount - fee,
        "reporting_category": category or _CATEGORIES.get(kind, kind),
        "source": source,
        "status": "pending" if days else "available",
        "type": kind,
    }
    return world.add(account, transaction)


def available(world: World, account: str, currency: str) -> int:
    return sum(
        transaction["net"]
        for transaction in world.of_kind(account, "balance_transaction")
        if transaction["currency"] == currency and _status(world, transaction) == "available"
    )


def _status(world: World, transaction: Object) -> str:
    return "available" if transaction["available_on"] <= world.now() else "pending"
