"""What was paid at Stripe for subscriptions that it collects: no invoice of ours, but an entry in the books."""

import logging

from django.db.models import Q

from apps.billing.models import StripeInvoice
from apps.billing.services.booking import book_stripe_invoice
from apps.billing.services.elsewhere import sync_stripe_subscription
from apps.core.transactions import committed
from apps.payments.elsewhere import find_paid_invoice, list_paid_invoices
from apps.payments.providers.told import PaidInvoice
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import StripeSubscription

logger = logging.getLogger(__name__)


def follow_stripe(*, reference: str, organization_id: str = "") -> bool:
    """Bring a subscription to how it stands at Stripe, and what was paid for one that is new into the books.

    Whether it is one of ours. What was paid was told before anybody knew of the subscription, maybe.
    """
    is_new = not StripeSubscription.objects.filter(reference=reference).exists()
    found = sync_stripe_subscription(reference=reference, organization_id=organization_id)
    if found is not None and is_new:
        record_stripe_invoices(subscription_reference=reference)
    return found is not None


def follow_all_at_stripe() -> int:
    """Ask Stripe for every one that runs, as an event may be lost; how many could be asked for."""
    live = StripeSubscription.objects.filter(subscription__status__in=SubscriptionStatus.live()).order_by("pk")
    done = 0
    for reference in list(live.values_list("reference", flat=True)):
        try:
            sync_stripe_subscription(reference=reference)
            record_stripe_invoices(subscription_reference=reference)
            done += 1
        except Exception:
            logger.exception("Stripe's subscription %s cannot be followed", reference)
    return done


def record_stripe_invoice(*, reference: str) -> StripeInvoice | None:
    """Book what Stripe took for an invoice, once; None where it is not paid, or of no subscription of ours.

    Raises as `sync_stripe_subscription`; cannot be called inside a transaction.
    """
    known = StripeInvoice.objects.filter(reference=reference).first()
    if known is not None:
        return known
    paid = find_paid_invoice(reference)
    if paid is None:
        return None
    if not StripeSubscription.objects.filter(reference=paid.subscription).exists():
        sync_stripe_subscription(reference=paid.subscription)
    return _book(paid)


def record_stripe_invoices(*, subscription_reference: str) -> int:
    """Book all that was paid for a subscription and is not booked yet: how much that was."""
    listed = list_paid_invoices(subscription_reference)
    known = set(StripeInvoice.objects.filter(reference__in=listed).values_list("reference", flat=True))
    waiting = [reference for reference in listed if reference not in known]
    return sum(record_stripe_invoice(reference=reference) is not None for reference in waiting)


def _book(paid: PaidInvoice) -> StripeInvoice | None:
    with committed():
        found = StripeSubscription.objects.select_related("subscription").filter(reference=paid.subscription).first()
        if found is None:
            return None
        # Two that record the same invoice wait for each other here.
        subscription = lock_subscription(found.subscription, Q())
        invoice, is_new = StripeInvoice.objects.get_or_create(
            reference=paid.reference,
            defaults={
                "subscription": subscription,
                "payment_reference": paid.payment_reference,
                "amount": paid.amount,
                "tax_amount": paid.tax_amount,
                "currency": paid.currency,
                "paid_at": paid.paid_at,
            },
        )
        if is_new:
            book_stripe_invoice(invoice)
        return invoice
