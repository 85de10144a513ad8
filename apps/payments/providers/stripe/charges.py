"""Charging saved cards: a PaymentIntent for each of our payments, which is its reference."""

from typing import Any

import stripe

from apps.payments.errors import ProviderUnavailable
from apps.payments.providers.base import ChargeResult
from apps.payments.providers.stripe.amounts import NotSendable, to_stripe
from apps.payments.providers.stripe.cards import customer_and_method
from apps.payments.providers.stripe.client import asking, client, was_replayed
from apps.payments.providers.stripe.names import KEY

NOT_SENDABLE = "amount_not_supported"
AUTHENTICATION = "authentication_required"
# Stripe's words for what the product knows by another.
_CODES = {"generic_decline": "card_declined", "payment_intent_authentication_failure": AUTHENTICATION}


def charge(
    *,
    idempotency_key: str,
    token: str,
    amount: int,
    currency: str,
    description: str,
    off_session: bool,
    return_url: str,
) -> ChargeResult:
    customer, method = customer_and_method(token)
    try:
        sent = to_stripe(amount, currency)
    except NotSendable:
        return ChargeResult("", NOT_SENDABLE)
    request: dict[str, Any] = {
        "amount": sent,
        "currency": currency.lower(),
        "payment_method": method,
        "payment_method_types": ["card"],
        "confirm": True,
        "description": description,
        "metadata": {KEY: idempotency_key},
        **({"customer": customer} if customer else {}),
        **({"off_session": True} if off_session else {"return_url": return_url}),
    }
    try:
        with asking(idempotency_key):
            intent = _create(request, idempotency_key)
    except stripe.CardError as error:
        return _declined(error, idempotency_key, method, return_url if off_session else "")
    except stripe.InvalidRequestError as error:
        return ChargeResult("", _code(error.code) or "card_declined")
    return as_it_stands(intent)


def find(*, idempotency_key: str, reference: str) -> ChargeResult | None:
    try:
        with asking():
            if reference:
                return as_it_stands(client().v1.payment_intents.retrieve(reference))
            found = client().v1.payment_intents.search({"query": f"metadata['{KEY}']:'{idempotency_key}'"})
    except stripe.InvalidRequestError:
        return None
    return as_it_stands(found.data[0]) if found.data else None


def cancel(*, reference: str) -> ChargeResult:
    with asking():
        try:
            intent = client().v1.payment_intents.cancel(
                reference, {"cancellation_reason": "abandoned"}, {"idempotency_key": f"{reference}-cancel"}
            )
        except stripe.InvalidRequestError:
            # It has come to its end meanwhile.
            intent = client().v1.payment_intents.retrieve(reference)
    return as_it_stands(intent)


def as_it_stands(intent: stripe.PaymentIntent) -> ChargeResult:
    """What a PaymentIntent says of the payment that it is."""
    if intent.status == "succeeded":
        return ChargeResult(intent.id)
    if intent.status == "processing":
        return ChargeResult(intent.id, is_pending=True)
    # What does not apply is left out of Stripe's answer.
    redirect = getattr(intent.next_action, "redirect_to_url", None)
    if intent.status == "requires_action" and redirect is not None:
        return ChargeResult(intent.id, action_url=redirect.url)
    if intent.status == "canceled":
        return ChargeResult(intent.id, AUTHENTICATION)
    error = intent.last_payment_error
    code = getattr(error, "decline_code", None) or getattr(error, "code", None)
    return ChargeResult(intent.id, _code(code) or "card_declined")


def _create(request: dict[str, Any], idempotency_key: str) -> stripe.PaymentIntent:
    """Raises as Stripe does; but where it keeps a failure of its own as the answer to the key, what came of it."""
    try:
        return client().v1.payment_intents.create(request, {"idempotency_key": idempotency_key})  # type: ignore[arg-type]
    except stripe.APIError as error:
        if not was_replayed(error):
            raise
        found = client().v1.payment_intents.search({"query": f"metadata['{KEY}']:'{idempotency_key}'"})
        if not found.data:
            raise ProviderUnavailable from error
        return found.data[0]


def _declined(error: stripe.CardError, idempotency_key: str, method: str, return_url: str) -> ChargeResult:
    """With a `return_url`: where the bank wants its cardholder, it is asked for the page on which to confirm."""
    intent = getattr(error.error, "payment_intent", None)
    reference = str(intent.id) if intent else ""
    code = _code(getattr(error.error, "decline_code", None) or error.code) or "card_declined"
    if code != AUTHENTICATION or not return_url or not reference:
        return ChargeResult(reference, code)
    try:
        with asking(idempotency_key):
            confirmed = client().v1.payment_intents.confirm(
                reference,
                {"payment_method": method, "return_url": return_url},
                {"idempotency_key": f"{idempotency_key}-confirm"},
            )
    except (stripe.CardError, stripe.InvalidRequestError):
        return ChargeResult(reference, code)
    return as_it_stands(confirmed)


def _code(code: str | None) -> str:
    return _CODES.get(code or "", code or "")
