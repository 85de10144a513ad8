"""What Stripe tells of subscriptions made there. An event only says when to ask; tasks ask, after the commit."""

from typing import Any

from apps.core.jobs import enqueue
from apps.payments.models import ProviderEvent
from apps.payments.providers.told import subscription_of

SYNC_TASK = "billing.sync_stripe_subscription"
RECORD_TASK = "billing.record_stripe_invoice"
CHECKOUT_KIND = "checkout.session.completed"
SUBSCRIPTION_KINDS = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
)
PAID_KIND = "invoice.paid"
FAILED_KIND = "invoice.payment_failed"


def handle_checkout(event: ProviderEvent) -> None:
    """Somebody bought a subscription on Stripe's page: the one event that may name their organization."""
    session = _object_of(event)
    if session["mode"] == "subscription" and session.get("subscription"):
        hint = session.get("client_reference_id") or (session.get("metadata") or {}).get("organization") or ""
        enqueue(SYNC_TASK, reference=session["subscription"], organization_id=hint)


def handle_subscription(event: ProviderEvent) -> None:
    enqueue(SYNC_TASK, reference=_object_of(event)["id"])


def handle_paid(event: ProviderEvent) -> None:
    invoice = _object_of(event)
    if subscription_of(invoice):
        enqueue(RECORD_TASK, reference=invoice["id"])


def handle_failed(event: ProviderEvent) -> None:
    reference = subscription_of(_object_of(event))
    if reference:
        enqueue(SYNC_TASK, reference=reference)


def _object_of(event: ProviderEvent) -> dict[str, Any]:
    told: dict[str, Any] = event.payload["data"]["object"]
    return told
