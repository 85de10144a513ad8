"""Chargebacks: the money goes at once, and comes back when the dispute is won."""

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import refused
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.resources.balance import book
from tests.fakes.stripe.world import Object, random_id

FEE = 1500
_DAY = 86400
_EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


@route("GET", "/v1/disputes/{id}")
def retrieve(call: Call) -> Object:
    return call.get("dispute")


@route("POST", "/v1/disputes/{id}", "evidence metadata submit")
def update(call: Call) -> Object:
    """Evidence `winning_evidence` or `losing_evidence` decides at once, as in Stripe's test mode."""
    dispute = call.get("dispute")
    if dispute["status"] in {"won", "lost"}:
        raise refused("This dispute is already closed.", "dispute_already_closed")
    dispute["metadata"] = call.params.metadata(dispute["metadata"])
    given = {name: call.params.text(f"evidence.{name}") for name in call.params.mapping("evidence")}
    dispute["evidence"] |= given
    dispute["evidence_details"]["has_evidence"] = True
    if call.params.boolean("submit", default=True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
        call.emit("charge.dispute.updated", dispute)
        outcomes = {"winning_evidence": "won", "losing_evidence": "lost"}
        if (outcome := outcomes.get(given.get("uncategorized_text") or "")) is not None:
            close_dispute(call, dispute, outcome)
    return dispute


@route("POST", "/v1/disputes/{id}/close")
def close(call: Call) -> Object:
    dispute = call.get("dispute")
    if dispute["status"] in {"won", "lost"}:
        raise refused("This dispute is already closed.", "dispute_already_closed")
    close_dispute(call, dispute, "lost")
    return dispute


@listing("/v1/disputes", "charge payment_intent created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "dispute"))
    return page(call.params, matching(call.params, found, "charge", "payment_intent"), "/v1/disputes")


def open_dispute(call: Call, charge: Object, *, amount: int | None = None, reason: str = "fraudulent") -> Object:
    """The cardholder objects to what is not refunded yet, or to `amount` of it."""
    now = call.now()
    amount = amount or charge["amount"] - charge["amount_refunded"]
    dispute: Object = {
        "id": random_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 7 * _DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": charge["payment_method_details"]["card"]["network"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    _move(call, dispute, -amount, FEE, "Chargeback withdrawal for " + charge["id"], "dispute")
    call.add(dispute)
    charge["disputed"] = True
    call.emit("charge.dispute.created", dispute)
    call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(call: Call, dispute: Object, outcome: str) -> None:
    """`outcome`: won or lost."""
    dispute["status"] = outcome
    dispute["evidence_details"]["past_due"] = False
    if outcome == "won":
        _move(
            call, dispute, dispute["amount"], -FEE, "Chargeback reversal for " + dispute["charge"], "dispute_reversal"
        )
    call.emit("charge.dispute.closed", dispute)
    if outcome == "won":
        call.emit("charge.dispute.funds_reinstated", dispute)


def _move(call: Call, dispute: Object, amount: int, fee: int, description: str, category: str) -> None:
    transaction = book(
        call.world,
        call.account,
        "adjustment",
        amount=amount,
        fee=fee,
        currency=dispute["currency"],
        source=dispute["id"],
        description=description,
        category=category,
    )
    dispute["balance_transactions"].append(transaction)
