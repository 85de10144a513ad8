"""What a charge that failed begins: the card is tried again on certain days, then the subscription is unpaid.

Each of these is part of the transaction of a caller who has locked subscription and invoice.
"""

import datetime as dt

from django.conf import settings

from apps.billing.models import DunningRun, Invoice
from apps.billing.notices import tell_confirmation, tell_given_up, tell_unpaid
from apps.core import clock
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription

# Between two attempts, also where the process that makes them did not run for a while.
SHORTEST_PAUSE = dt.timedelta(days=1)


def note_failure(*, invoice: Invoice, subscription: Subscription, why: str) -> DunningRun:
    """An invoice could not be charged by itself: the subscription is past due, and after the last attempt unpaid.

    Its people are told each time, with what comes next.
    """
    run, subscription = _began(invoice, subscription)
    if run.next_attempt_at is not None:
        tell_unpaid(invoice, why=why, next_attempt_at=run.next_attempt_at)
    elif run.given_up_at is None:
        run.given_up_at = clock.now()
        run.save(update_fields=["given_up_at"])
        if subscription.status in (SubscriptionStatus.PAST_DUE, SubscriptionStatus.PAUSED):
            subscriptions.mark_unpaid(subscription=subscription)
        tell_given_up(invoice, why=why, is_stopped=subscription.status != SubscriptionStatus.CANCELED)
    return run


def await_confirmation(*, invoice: Invoice, subscription: Subscription, action_url: str) -> None:
    """The bank wants the cardholder to confirm a charge: past due until they have; nothing is tried meanwhile."""
    _began(invoice, subscription)
    tell_confirmation(invoice, action_url=action_url)


def count_attempt(*, run: DunningRun) -> None:
    """One more attempt is made now; what comes of it is noted later."""
    run.attempts += 1
    run.next_attempt_at = attempt_after(run.attempts, run.started_at, clock.now())
    run.save(update_fields=["attempts", "next_attempt_at"])


def end_run(*, invoice: Invoice) -> None:
    """The invoice is paid, void or uncollectible."""
    DunningRun.objects.filter(invoice=invoice, ended_at__isnull=True).update(ended_at=clock.now(), next_attempt_at=None)


def attempt_after(attempts: int, started_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """When the next attempt is due once so many were made; None after the last."""
    if attempts >= len(settings.DUNNING_DAYS):
        return None
    planned = started_at + dt.timedelta(days=settings.DUNNING_DAYS[attempts])
    return max(planned, now + SHORTEST_PAUSE)


def _began(invoice: Invoice, subscription: Subscription) -> tuple[DunningRun, Subscription]:
    """The run of the invoice, which begins now if it has not, and its subscription, which is past due."""
    now = clock.now()
    run, _begun = DunningRun.objects.get_or_create(
        invoice=invoice, defaults={"started_at": now, "next_attempt_at": attempt_after(0, now, now)}
    )
    if subscription.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.PAUSED):
        subscription = subscriptions.mark_past_due(subscription=subscription)
    return run, subscription
