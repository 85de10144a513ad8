"""The periodic part of dunning: try cards again, and end what stays unpaid."""

import datetime as dt
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.accounts.audit import record_event
from apps.billing.enums import InvoiceReason, InvoiceStatus
from apps.billing.models import DunningRun, Invoice
from apps.billing.notices import tell_canceled_unpaid
from apps.billing.services.collecting import claim_default_card
from apps.billing.services.dunning import count_attempt, end_run
from apps.billing.services.invoicing import lock_invoice
from apps.billing.services.settlement import resume
from apps.core import clock
from apps.core.transactions import committed
from apps.payments.models import Payment
from apps.payments.selectors import is_being_paid
from apps.payments.services import collect_payment
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription

logger = logging.getLogger(__name__)


def run_dunning() -> dict[str, int]:
    """Do what is due of every invoice that could not be charged; how much of each was done.

    Cannot be called inside a transaction.
    """
    now = clock.now()
    running = DunningRun.objects.filter(ended_at__isnull=True)
    long_unpaid = Q(given_up_at__lte=now - dt.timedelta(days=settings.UNPAID_DAYS))
    return {
        "dunning runs closed": _each(running.exclude(invoice__status=InvoiceStatus.OPEN), close_run),
        "payments tried again": _each(running.filter(next_attempt_at__lte=now), retry),
        "unpaid invoices given up": _each(running.filter(long_unpaid), write_off),
    }


def retry(run: DunningRun) -> bool:
    """Charge the card that is the default now; False where it is not due any more, or a payment is under way."""
    payment: Payment | None = None
    with committed():
        subscription, invoice = _locked(run)
        run = DunningRun.objects.select_for_update().get(pk=run.pk)
        is_due = run.next_attempt_at is not None and run.next_attempt_at <= clock.now()
        if not is_due or invoice.status != InvoiceStatus.OPEN or is_being_paid(invoice.public_id):
            return False
        count_attempt(run=run)
        payment = claim_default_card(invoice, subscription)
    if payment is not None:
        collect_payment(payment=payment)
    return True


@transaction.atomic
def close_run(run: DunningRun) -> bool:
    """End a run whose invoice nobody has to pay any more; the subscription goes on where nothing else is due."""
    subscription, invoice = _locked(run)
    if invoice.status == InvoiceStatus.OPEN:
        return False
    end_run(invoice=invoice)
    resume(invoice, subscription)
    return True


@transaction.atomic
def write_off(run: DunningRun) -> bool:
    """Cancel a subscription that has been unpaid for long. Its invoices stay payable, though nobody waits for them."""
    subscription, invoice = _locked(run)
    if invoice.status != InvoiceStatus.OPEN or is_being_paid(invoice.public_id):
        return False
    owed = [invoice]
    if subscription.status in SubscriptionStatus.begun():
        subscriptions.cancel_unpaid(subscription=subscription)
        owed += _also_open(invoice)
        tell_canceled_unpaid(invoice)
    for one in owed:
        one.status = InvoiceStatus.UNCOLLECTIBLE
        one.save(update_fields=["status"])
        end_run(invoice=one)
        record_event(
            organization=one.organization,
            actor=None,
            action="invoice.uncollectible",
            target=one.public_id,
            summary=f"Nobody paid {one}: it is not tried any more",
        )
    return True


def _also_open(invoice: Invoice) -> list[Invoice]:
    """The other invoices of the subscription that are charged by themselves, locked, in their order."""
    others = Invoice.objects.filter(
        subscription=invoice.subscription_id, status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic()
    ).exclude(pk=invoice.pk)
    locked = [lock_invoice(one) for one in others.order_by("pk")]
    return [one for one in locked if one.status == InvoiceStatus.OPEN and not is_being_paid(one.public_id)]


def _locked(run: DunningRun) -> tuple[Subscription, Invoice]:
    found = Invoice.objects.select_related("subscription").get(dunning=run)
    subscription = lock_subscription(found.subscription, Q())
    return subscription, lock_invoice(found)


def _each(runs: QuerySet[DunningRun], work: Callable[[DunningRun], bool]) -> int:
    """One after the other; what fails stands in nobody's way and is tried again the next minute."""
    done = 0
    for run in list(runs.order_by("pk")):
        try:
            done += work(run)
        except Exception:
            logger.exception("%s cannot be worked on", run)
    return done
