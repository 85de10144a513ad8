"""Payments whose card is typed on Checkout's page, which keeps it for renewals: until they are paid, the session is
their reference; then it is the PaymentIntent, as of any other.
"""

from contextlib import suppress
from typing import Any

import stripe

from apps.payments.errors import ProviderUnavailable
from apps.payments.providers.base import ChargeResult
from apps.payments.providers.stripe.amounts import NotSendable, to_stripe
from apps.payments.providers.stripe.cards import customer_of, saved_card
from apps.payments.providers.stripe.charges import NOT_SENDABLE
from apps.payments.providers.stripe.client import asking, client, was_replayed
from apps.payments.providers.stripe.names import KEY, ORGANIZATION

EXPIRED = "checkout_expired"
NOT_STARTED = "not_processed"
_PREFIX = "cs_"
_EXPAND = ["payment_intent.payment_method"]


def is_session(reference: str) -> bool:
    return reference.startswith(_PREFIX)


def start(
    *,
    idempotency_key: str,
    organization_id: str,
    email: str,
    amount: int,
    currency: str,
    description: str,
    return_url: str,
) -> ChargeResult:
    try:
        sent = to_stripe(amount, currency)
    except NotSendable:
        return ChargeResult("", NOT_SENDABLE)
    customer = customer_of(organization_id, email)
    price = {"currency": currency.lower(), "unit_amount": sent, "product_data": {"name": description}}
    metadata = {KEY: idempotency_key, ORGANIZATION: organization_id}
    request: dict[str, Any] = {
        "mode": "payment",
        "customer": customer,
        "payment_method_types": ["card"],
        "client_reference_id": organization_id,
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": metadata,
        "payment_intent_data": {
            "setup_future_usage": "off_session",
            "description": description,
            "metadata": metadata,
        },
        "success_url": return_url,
        "cancel_url": return_url,
    }
    try:
        with asking(idempotency_key):
            return as_it_stands(_create(request, idempotency_key))
    except stripe.InvalidRequestError as error:
        return ChargeResult("", error.code or NOT_STARTED)


def find(*, reference: str) -> ChargeResult | None:
    try:
        with asking():
            return as_it_stands(client().v1.checkout.sessions.retrieve(reference, {"expand": _EXPAND}))
    except stripe.InvalidRequestError:
        return None


def expire(*, reference: str) -> ChargeResult:
    with asking(), suppress(stripe.InvalidRequestError):  # where it has come to its end meanwhile
        client().v1.checkout.sessions.expire(reference, {}, {"idempotency_key": f"{reference}-expire"})
    return find(reference=reference) or ChargeResult(reference, EXPIRED)


def as_it_stands(session: stripe.checkout.Session) -> ChargeResult:
    """What a session says of the payment that it is; an intent that has succeeded has the last word."""
    intent = session.payment_intent
    if isinstance(intent, stripe.PaymentIntent) and intent.status == "succeeded":
        return ChargeResult(intent.id, card=saved_card(session, intent.payment_method))
    if session.status == "expired":
        return ChargeResult(session.id, EXPIRED)
    if session.status == "open" and session.url:
        return ChargeResult(session.id, action_url=session.url)
    return ChargeResult(session.id, is_pending=True)


def _create(request: dict[str, Any], idempotency_key: str) -> stripe.checkout.Session:
    """Raises as Stripe does; but where it keeps a failure of its own as the answer to the key, what came of it."""
    sessions = client().v1.checkout.sessions
    try:
        return sessions.create(request, {"idempotency_key": idempotency_key})  # type: ignore[arg-type]
    except stripe.APIError as error:
        if not was_replayed(error):
            raise
        for each in sessions.list({"customer": request["customer"], "limit": 100}).auto_paging_iter():
            if each.metadata and each.metadata.to_dict().get(KEY) == idempotency_key:
                return each
        raise ProviderUnavailable from error
