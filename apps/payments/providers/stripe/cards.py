"""Saved cards: a customer of Stripe's for each organization, and Checkout's page on which a card is typed."""

import hashlib

import stripe
from django.db import transaction

from apps.payments.models import StripeCustomer
from apps.payments.providers.base import CardToken, SavedCard
from apps.payments.providers.stripe.client import asking, client
from apps.payments.providers.stripe.names import ORGANIZATION


def customer_of(organization_id: str, email: str) -> str:
    """The customer that stands for an organization (its public id)."""
    known = StripeCustomer.objects.filter(organization=organization_id).first()
    if known is not None:
        return known.reference
    # The e-mail is in the key: after an answer that was lost, it may be another person who goes on.
    key = f"customer-{organization_id}-{hashlib.sha256(email.encode()).hexdigest()[:16]}"
    with asking(key):
        made = client().v1.customers.create(
            {**({"email": email} if email else {}), "metadata": {ORGANIZATION: organization_id}},
            {"idempotency_key": key},
        )
    with transaction.atomic():
        known, _is_new = StripeCustomer.objects.get_or_create(
            organization=organization_id, defaults={"reference": made.id}
        )
    return known.reference


def start_setup(*, idempotency_key: str, organization_id: str, email: str, return_url: str, cancel_url: str) -> str:
    customer = customer_of(organization_id, email)
    with asking(idempotency_key):
        session = client().v1.checkout.sessions.create(
            {
                "mode": "setup",
                "customer": customer,
                "payment_method_types": ["card"],
                "client_reference_id": organization_id,
                "success_url": return_url + ("&" if "?" in return_url else "?") + "session={CHECKOUT_SESSION_ID}",
                "cancel_url": cancel_url,
                "setup_intent_data": {"metadata": {ORGANIZATION: organization_id}},
            },
            {"idempotency_key": idempotency_key},
        )
    assert session.url is not None
    return session.url


def find_setup(*, reference: str) -> SavedCard | None:
    try:
        with asking():
            session = client().v1.checkout.sessions.retrieve(
                reference, {"expand": ["setup_intent.payment_method", "customer"]}
            )
    except stripe.InvalidRequestError:
        return None
    intent = session.setup_intent
    if session.mode != "setup" or session.status != "complete" or not isinstance(intent, stripe.SetupIntent):
        return None
    return saved_card(session, intent.payment_method) if intent.status == "succeeded" else None


def saved_card(session: stripe.checkout.Session, method: str | stripe.PaymentMethod | None) -> SavedCard | None:
    """The card that was typed on the page of a session; its payment method must be expanded."""
    if not isinstance(method, stripe.PaymentMethod) or method.card is None:
        return None
    card = method.card
    customer = session.customer if isinstance(session.customer, str) else session.customer and session.customer.id
    return SavedCard(
        organization_id=session.client_reference_id or "",
        holder_name=method.billing_details.name or "",
        card=CardToken(
            token=token_of(customer or "", method.id),
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            fingerprint=f"{card.fingerprint}:{card.exp_year}-{card.exp_month:02}" if card.fingerprint else "",
        ),
    )


def token_of(customer: str, method: str) -> str:
    """Both are named whenever the card is charged."""
    return f"{customer}/{method}"


def customer_and_method(token: str) -> tuple[str, str]:
    customer, _, method = token.rpartition("/")
    return customer, method
