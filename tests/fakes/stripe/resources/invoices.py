"""Stripe's own invoices, which it makes for its own subscriptions."""

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import StripeError, refused
from tests.fakes.stripe.lists import created_within, matching, page, whole
from tests.fakes.stripe.resources.payment_intents import attempt, new_intent
from tests.fakes.stripe.resources.payment_methods import find_method
from tests.fakes.stripe.world import Object, random_id


@route("GET", "/v1/invoices/{id}")
def retrieve(call: Call) -> Object:
    return call.get("invoice")


@listing("/v1/invoices", "customer status subscription created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "invoice"))
    if (subscription := call.params.text("subscription")) is not None:
        found = [invoice for invoice in found if _subscription_of(invoice) == subscription]
    return page(call.params, matching(call.params, found, "customer", "status"), "/v1/invoices")


@listing("/v1/invoices/{id}/lines")
def lines(call: Call) -> Object:
    return page(call.params, call.get("invoice")["lines"]["data"], f"/v1/invoices/{call.id}/lines")


@route("POST", "/v1/invoices/{id}/pay", "payment_method off_session")
def pay(call: Call) -> Object:
    invoice = call.get("invoice")
    if invoice["status"] != "open":
        raise refused("Invoice is already paid", "invoice_not_editable")
    method = call.params.text("payment_method")
    if method is not None:
        method = find_method(call, method, param="payment_method")["id"]
    error = collect(call, invoice, method or _method_of(call, invoice))
    if error is not None:
        raise error
    return invoice


@route("POST", "/v1/invoices/{id}/void")
def void(call: Call) -> Object:
    invoice = call.get("invoice")
    if invoice["status"] != "open":
        raise refused("You can only void an open invoice.", "invoice_not_editable")
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = call.now()
    call.emit("invoice.voided", invoice)
    return invoice


@listing("/v1/invoice_payments", "invoice status payment")
def list_payments(call: Call) -> Object:
    found = matching(call.params, call.world.of_kind(call.account, "invoice_payment"), "invoice", "status")
    return page(call.params, found, "/v1/invoice_payments")


@route("GET", "/v1/invoice_payments/{id}")
def retrieve_payment(call: Call) -> Object:
    return call.get("invoice_payment")


def bill(call: Call, subscription: Object, reason: str) -> Object:
    """Invoice the running period of a subscription and collect it."""
    item = subscription["items"]["data"][0]
    price, now = item["price"], call.now()
    customer = call.world.get(call.account, subscription["customer"], "customer")
    id_, amount = random_id("in"), price["unit_amount"] * item["quantity"]
    line: Object = {
        "id": random_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": subscription["currency"],
        "description": f"{item['quantity']} × {price['nickname'] or price['id']}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": id_,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subtotal": amount,
        "taxes": [],
    }
    invoice: Object = {
        "id": id_,
        "object": "invoice",
        "account_country": "US",
        "account_name": "API Factory",
        "account_tax_ids": None,
        "amount_due": amount,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": amount,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": whole([line], f"/v1/invoices/{id_}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        },
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "test_clock": None,
        "total": amount,
        "total_discount_amounts": [],
        "total_excluding_tax": amount,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
    }
    call.add(invoice)
    call.emit("invoice.created", invoice)
    customer_number = call.world.number(f"invoice:{customer['id']}")
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{customer_number:04}",
        "effective_at": now,
        "hosted_invoice_url": f"{call.world.base_url}/i/{id_}",
        "invoice_pdf": f"{call.world.base_url}/i/{id_}/pdf",
        "ending_balance": 0,
    }
    invoice["status_transitions"]["finalized_at"] = now
    call.emit("invoice.finalized", invoice)
    subscription["latest_invoice"] = id_
    collect(call, invoice, _method_of(call, invoice))
    return invoice


def collect(call: Call, invoice: Object, method: str | None) -> StripeError | None:
    """Charge the invoice; the decline, if it was one."""
    error = None
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    if invoice["amount_due"]:
        intent = new_intent(call, invoice["amount_due"], invoice["currency"], invoice["customer"])
        intent |= {"payment_method": method, "description": "Subscription update"}
        call.add(intent)
        call.emit("payment_intent.created", intent)
        if method is None:
            error = refused("This customer has no attached payment source or default payment method.")
        else:
            try:
                attempt(call, intent, off_session=True)
            except StripeError as refusal:
                error = refusal
        _add_payment(call, invoice, intent, is_paid=error is None)
    if error is not None:
        call.emit("invoice.payment_failed", invoice)
        return error
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0, "auto_advance": False}
    invoice["status_transitions"]["paid_at"] = call.now()
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    return None


def _add_payment(call: Call, invoice: Object, intent: Object, *, is_paid: bool) -> None:
    now = call.now()
    call.add(
        {
            "id": random_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": invoice["amount_due"] if is_paid else None,
            "amount_requested": invoice["amount_due"],
            "created": now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "paid" if is_paid else "open",
            "status_transitions": {"canceled_at": None, "paid_at": now if is_paid else None},
        }
    )


def _method_of(call: Call, invoice: Object) -> str | None:
    subscription = call.world.find(call.account, _subscription_of(invoice) or "")
    if subscription and subscription["default_payment_method"]:
        return subscription["default_payment_method"]
    customer = call.world.get(call.account, invoice["customer"], "customer")
    return customer["invoice_settings"]["default_payment_method"]


def _subscription_of(invoice: Object) -> str | None:
    return invoice["parent"]["subscription_details"]["subscription"]
