"""Subscriptions that were made at Stripe, not here: what it says of them when it is asked.

Its library takes most of a second and 30 MB, so it is loaded by the first question.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ToldSubscription:
    """`organization` is the public id that its metadata names, or empty; `status` is one of Stripe's.

    `price` and the period are those of its first item.
    """

    reference: str
    customer: str
    organization: str
    price: str
    status: str
    period_start: dt.datetime
    period_end: dt.datetime
    ends_with_period: bool
    ended_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """What Stripe took for an invoice: `amount` in our minor units, `tax_amount` of it is tax.

    `payment_reference` is the PaymentIntent of it.
    """

    reference: str
    subscription: str
    amount: int
    tax_amount: int
    currency: str
    payment_reference: str
    paid_at: dt.datetime


def find_subscription(reference: str) -> ToldSubscription | None:
    """None where there is no such subscription. Raises `ProviderUnavailable`, as do the others."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.find_subscription(reference)


def find_paid_invoice(reference: str) -> PaidInvoice | None:
    """None where it is not paid, not of a subscription, or where no money came to Stripe for it."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.find_paid_invoice(reference)


def list_paid_invoices(subscription: str) -> list[str]:
    """The references of all of a subscription's that are paid, newest first."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.list_paid_invoices(subscription)


def subscription_of(invoice: dict[str, Any]) -> str:
    """The reference of the subscription that Stripe made an invoice for, or empty."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription") or "")


def id_of(told: Any) -> str:
    """Stripe names another object, or shows it."""
    return told if isinstance(told, str) else str(told["id"])
