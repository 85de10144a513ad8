"""How a state looks: its tone and icon. The word is the state's own label."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import CaseStatus, InvoiceStatus
from apps.payments.enums import DisputeStatus, PaymentStatus
from apps.payouts.enums import AccountStatus, PayoutStatus
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import SubscriptionStatus


class State(NamedTuple):
    tone: str  # neutral, accent, green, amber, red
    icon: str
    label: str | Promise


_LOOKS: dict[str, tuple[str, str]] = {
    ProductStatus.DRAFT: ("neutral", "draft"),
    ProductStatus.PUBLISHED: ("green", "check"),
    ProductStatus.UNPUBLISHED: ("neutral", "archive"),
    ProductStatus.SUSPENDED: ("red", "blocked"),
    ProductStatus.RETIRED: ("neutral", "archive"),
    SubscriptionStatus.PENDING_APPROVAL: ("amber", "clock"),
    SubscriptionStatus.INCOMPLETE: ("amber", "clock"),
    SubscriptionStatus.TRIALING: ("accent", "clock"),
    SubscriptionStatus.ACTIVE: ("green", "check"),
    SubscriptionStatus.PAST_DUE: ("amber", "alert"),
    SubscriptionStatus.UNPAID: ("red", "alert"),
    SubscriptionStatus.PAUSED: ("neutral", "pause"),
    SubscriptionStatus.CANCELED: ("neutral", "cross"),
}
_LABELS = {**dict(ProductStatus.choices), **dict(SubscriptionStatus.choices)}
# A key has no status column: it works unless it was revoked or its time is over.
_KEY_STATES = {
    "key_active": State("green", "check", _("Active")),
    "key_ending": State("amber", "rotate", _("Rotated")),
    "key_revoked": State("red", "blocked", _("Revoked")),
    "key_expired": State("neutral", "clock", _("Expired")),
}
# Money's words are those of several tables, so that each says which it means.
_MONEY_STATES = {
    "invoice_open": State("amber", "clock", InvoiceStatus.OPEN.label),
    "invoice_paid": State("green", "check", InvoiceStatus.PAID.label),
    "invoice_void": State("neutral", "cross", InvoiceStatus.VOID.label),
    "invoice_uncollectible": State("red", "alert", InvoiceStatus.UNCOLLECTIBLE.label),
    "case_open": State("amber", "clock", CaseStatus.OPEN.label),
    "case_accepted": State("green", "check", CaseStatus.ACCEPTED.label),
    "case_refused": State("red", "cross", CaseStatus.REFUSED.label),
    "case_withdrawn": State("neutral", "cross", CaseStatus.WITHDRAWN.label),
    "dispute_needs_response": State("amber", "clock", DisputeStatus.NEEDS_RESPONSE.label),
    "dispute_won": State("green", "check", DisputeStatus.WON.label),
    "dispute_lost": State("red", "cross", DisputeStatus.LOST.label),
    "payment_processing": State("amber", "clock", PaymentStatus.PROCESSING.label),
    "payment_requires_action": State("amber", "clock", PaymentStatus.REQUIRES_ACTION.label),
    "payment_succeeded": State("green", "check", PaymentStatus.SUCCEEDED.label),
    "payment_failed": State("red", "cross", PaymentStatus.FAILED.label),
    "payout_pending_approval": State("amber", "clock", PayoutStatus.PENDING_APPROVAL.label),
    "payout_approved": State("accent", "clock", PayoutStatus.APPROVED.label),
    "payout_held": State("amber", "pause", PayoutStatus.HELD.label),
    "payout_sending": State("accent", "clock", PayoutStatus.SENDING.label),
    "payout_paid": State("green", "check", PayoutStatus.PAID.label),
    "payout_failed": State("red", "cross", PayoutStatus.FAILED.label),
    "payout_canceled": State("neutral", "cross", PayoutStatus.CANCELED.label),
    "payout_reversed": State("red", "rotate", PayoutStatus.REVERSED.label),
    "account_incomplete": State("amber", "alert", AccountStatus.INCOMPLETE.label),
    "account_active": State("green", "check", AccountStatus.ACTIVE.label),
    "account_restricted": State("red", "alert", AccountStatus.RESTRICTED.label),
}


def state_of(value: str) -> State:
    """The look of a product's or subscription's status, or of a key, invoice or payment (`key_active`)."""
    if (named := _KEY_STATES.get(value) or _MONEY_STATES.get(value)) is not None:
        return named
    tone, icon = _LOOKS[value]
    return State(tone, icon, _LABELS[value])


def http_tone(status: int) -> str:
    """The tone of a reply: 2xx and 3xx are well, 4xx are the caller's, 5xx are ours or the backend's."""
    if status < 400:
        return "green"
    return "amber" if status < 500 else "red"
