"""What a payment, or its absence, makes of a subscription. Billing calls these in its own transaction."""

import datetime as dt

from django.db import transaction

from apps.subscriptions.enums import SubscriptionStatus as Status
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import begin_period, lock_any, move, payment_standing, record


@transaction.atomic
def mark_past_due(*, subscription: Subscription) -> Subscription:
    """A payment failed; keys go on working. Raises `Conflict` where nothing is due."""
    return _stand(subscription, Status.PAST_DUE, "past_due", "A payment failed")


@transaction.atomic
def mark_unpaid(*, subscription: Subscription) -> Subscription:
    """The payment is given up: keys answer 402 until it is made. Raises `Conflict` unless it was past due."""
    return _stand(subscription, Status.UNPAID, "unpaid", "No payment came")


@transaction.atomic
def mark_paid(*, subscription: Subscription) -> Subscription:
    """Nothing is owed any more. Changes nothing where nothing was."""
    subscription = lock_any(subscription)
    if subscription.status not in Status.owing():
        return subscription
    return _stand(subscription, Status.ACTIVE, "paid", "Paid what was due")


@transaction.atomic
def restart_period(*, subscription: Subscription, at: dt.datetime) -> Subscription:
    """Begin a billing period now, in place of one that was not charged; quotas of its own periods begin with it."""
    subscription = lock_any(subscription)
    begin_period(subscription, at)
    subscription.save()
    summary = f"{subscription.product.name} works again, and a new period began"
    record(None, subscription, "period_restarted", subscription.status, summary, at=at)
    return subscription


@transaction.atomic
def cancel_unpaid(*, subscription: Subscription) -> Subscription:
    """End a subscription whose payment did not come."""
    subscription = lock_any(subscription)
    summary = f"Canceled {subscription.product.name}: it was not paid"
    return move(None, subscription, Status.CANCELED, "canceled_unpaid", summary)


def _stand(subscription: Subscription, to: Status, kind: str, summary: str) -> Subscription:
    """Move to the status; a paused subscription stays paused and is given it when it is resumed."""
    subscription = lock_any(subscription)
    summary = f"{summary}: {subscription.product.name}"
    if subscription.status == to:
        return subscription
    if subscription.status == Status.PAUSED:
        if payment_standing(subscription) != to:
            record(None, subscription, kind, subscription.status, summary)
        return subscription
    return move(None, subscription, to, kind, summary)
