"""Subscriptions that were made at Stripe, not here, and what was paid for them: as Stripe says now."""

import datetime as dt

import stripe

from apps.core.money import allocate
from apps.payments.providers.stripe.amounts import from_stripe
from apps.payments.providers.stripe.client import asking, client
from apps.payments.providers.stripe.names import ORGANIZATION
from apps.payments.providers.told import PaidInvoice, ToldSubscription, id_of, subscription_of

PAGE = 100


def find_subscription(reference: str) -> ToldSubscription | None:
    """None where there is no such subscription."""
    try:
        with asking():
            told = client().v1.subscriptions.retrieve(reference).to_dict()
    except stripe.InvalidRequestError:
        return None
    item = told["items"]["data"][0]
    cancel_at, ended_at = told.get("cancel_at"), told.get("ended_at")
    return ToldSubscription(
        reference=told["id"],
        customer=id_of(told["customer"]),
        organization=(told.get("metadata") or {}).get(ORGANIZATION, ""),
        price=item["price"]["id"],
        status=told["status"],
        period_start=_instant(item["current_period_start"]),
        period_end=_instant(item["current_period_end"]),
        ends_with_period=bool(told["cancel_at_period_end"] or (cancel_at and cancel_at <= item["current_period_end"])),
        ended_at=_instant(ended_at) if ended_at else None,
        created_at=_instant(told["created"]),
    )


def find_paid_invoice(reference: str) -> PaidInvoice | None:
    """None where it is not paid, not of a subscription, or where no money came to Stripe for it."""
    try:
        with asking():
            told = client().v1.invoices.retrieve(reference).to_dict()
            payments = client().v1.invoice_payments.list({"invoice": reference, "status": "paid", "limit": PAGE})
            paid = [each.to_dict() for each in payments.auto_paging_iter()]
    except stripe.InvalidRequestError:
        return None
    subscription = subscription_of(told)
    # What was paid elsewhere, and is only noted at Stripe, has no PaymentIntent.
    taken = [each for each in paid if each["payment"].get("payment_intent")]
    units = sum(each["amount_paid"] or 0 for each in taken)
    if told["status"] != "paid" or not subscription or not units:
        return None
    currency = told["currency"].upper()
    tax_units = sum(tax["amount"] for tax in told.get("total_taxes") or ())
    amount = from_stripe(units, currency)
    _net, tax_amount = allocate(amount, [told["total"] - tax_units, tax_units]) if tax_units else (amount, 0)
    return PaidInvoice(
        reference=told["id"],
        subscription=subscription,
        amount=amount,
        tax_amount=tax_amount,
        currency=currency,
        payment_reference=id_of(taken[0]["payment"]["payment_intent"]),
        paid_at=_instant(told["status_transitions"]["paid_at"]),
    )


def list_paid_invoices(subscription: str) -> list[str]:
    """The references of all that are paid, newest first."""
    with asking():
        listed = client().v1.invoices.list({"subscription": subscription, "status": "paid", "limit": PAGE})
        return [each.id for each in listed.auto_paging_iter() if each.id is not None]


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
