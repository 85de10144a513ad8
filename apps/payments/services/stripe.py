"""What Stripe tells us: taken in by the webhook, and acted on once it is committed.

Events come twice, late and in any order. So they are taken as a hint only: of a payment or a refund, Stripe is asked
how it stands now, by a task of its own. Disputes are recorded from what the event says, which is enough in any order.
"""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.core.jobs import enqueue
from apps.payments.enums import DisputeStatus, PaymentStatus, Provider, RefundStatus
from apps.payments.models import Payment, ProviderEvent, Refund, StripeAccount
from apps.payments.providers.stripe.amounts import from_stripe
from apps.payments.providers.stripe.names import KEY
from apps.payments.services.disputes import lock_charged, record_dispute
from apps.payments.services.inbox import receive_event

PAYMENT_KINDS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.canceled",
)
REFUND_KINDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTE_KINDS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
SESSION_KINDS = ("checkout.session.completed", "checkout.session.expired")

_DECIDED = {"won": DisputeStatus.WON, "lost": DisputeStatus.LOST}

logger = logging.getLogger(__name__)


def take_event(*, event: dict[str, Any]) -> ProviderEvent | None:
    """Store an event whose signature was verified; None where it is not ours to act on.

    That is one of the other mode (test or live), and one of a connected account that this installation has not opened.
    """
    account = event.get("account") or ""
    if bool(event.get("livemode")) != settings.STRIPE_LIVE_MODE:
        logger.warning("Stripe's event %s is ignored: its livemode is not ours", event["id"])
        return None
    if account and not StripeAccount.objects.filter(reference=account).exists():
        logger.warning("Stripe's event %s is ignored: the account %s is not ours", event["id"], account)
        return None
    return receive_event(
        provider=Provider.STRIPE,
        event_id=event["id"],
        kind=event["type"],
        payload=event,
        account=account,
        livemode=settings.STRIPE_LIVE_MODE,
    )


def handle_payment(event: ProviderEvent) -> None:
    """A payment of which nobody knows is not ours: of a subscription made elsewhere, or of another product."""
    told = _object_of(event)
    payment = Payment.objects.filter(provider=Provider.STRIPE).filter(_named(told)).first()
    if payment is not None and payment.status in PaymentStatus.open():
        enqueue("payments.settle_payment", payment_id=payment.pk)


def handle_refund(event: ProviderEvent) -> None:
    """One that was made at Stripe, and not by us, is recorded as a refund of its payment, and settled as any other."""
    told = _object_of(event)
    refund = Refund.objects.filter(payment__provider=Provider.STRIPE).filter(_named(told)).first()
    if refund is None:
        refund = _record_foreign_refund(told)
    if refund.status == RefundStatus.PROCESSING:
        enqueue("payments.settle_refund", refund_id=refund.pk)
    elif refund.status == RefundStatus.SUCCEEDED and told["status"] in {"failed", "canceled"}:
        enqueue("payments.check_refund", refund_id=refund.pk)


def _record_foreign_refund(told: dict[str, Any]) -> Refund:
    """Raises as `lock_charged`."""
    payment = lock_charged(
        provider=Provider.STRIPE, charge_reference=told["payment_intent"] or "", told_of=_instant(told["created"])
    )
    currency = told["currency"].upper()
    refund, _is_new = Refund.objects.get_or_create(
        idempotency_key=f"{Provider.STRIPE}-{told['id']}",
        defaults={
            "payment": payment,
            "amount": from_stripe(told["amount"], currency),
            "currency": currency,
            "reason": _("Refunded at the payment provider"),
            "reference": told["id"],
            "provider_reference": told["id"],
        },
    )
    return refund


def handle_dispute(event: ProviderEvent) -> None:
    """A warning, which takes no money, is none of ours."""
    told = _object_of(event)
    status = told["status"]
    if status.startswith("warning_") or status == "prevented":
        return
    currency = told["currency"].upper()
    fees = [move["fee"] for move in told["balance_transactions"] if move["fee"] > 0]
    due_by = told["evidence_details"]["due_by"]
    record_dispute(
        provider=Provider.STRIPE,
        provider_reference=told["id"],
        charge_reference=told["payment_intent"],
        amount=from_stripe(told["amount"], currency),
        currency=currency,
        reason=told["reason"],
        status=_DECIDED.get(status, DisputeStatus.NEEDS_RESPONSE),
        fee_amount=from_stripe(sum(fees), currency),
        opened_at=_instant(told["created"]),
        closed_at=_instant(event.payload["created"]) if status in _DECIDED else None,
        evidence_due_at=_instant(due_by) if due_by else None,
    )


def handle_session(event: ProviderEvent) -> None:
    """What was typed on Stripe's page, also where nobody ever came back from there: a card alone, or a payment."""
    told = _object_of(event)
    if told["mode"] == "payment":
        handle_payment(event)
    elif told["mode"] == "setup" and told["status"] == "complete":
        enqueue("payments.record_hosted_card", reference=told["id"])


def _object_of(event: ProviderEvent) -> dict[str, Any]:
    told: dict[str, Any] = event.payload["data"]["object"]
    return told


def _named(told: dict[str, Any]) -> Q:
    """Our row by its own key, which stands in the metadata, or by Stripe's reference once we have that."""
    by_reference = Q(provider_reference=told["id"])
    key = (told.get("metadata") or {}).get(KEY)
    return by_reference | Q(idempotency_key=key) if key else by_reference


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
