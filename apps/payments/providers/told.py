"""What a provider tells of subscriptions that were made there, not here."""

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


def subscription_of(invoice: dict[str, Any]) -> str:
    """The reference of the subscription that Stripe made an invoice for, or empty."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return id_of(details.get("subscription") or "")


def id_of(told: Any) -> str:
    """Stripe names another object, or shows it."""
    return told if isinstance(told, str) else str(told["id"])
