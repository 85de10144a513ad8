"""The two ends of a trial that have to do with a card: naming it at the beginning, and charging it afterwards."""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F, Q

from apps.accounts.access import Actor
from apps.billing.errors import CheckoutClosed
from apps.billing.models import Checkout
from apps.billing.notices import tell_trial_ends
from apps.billing.services.checkouts import complete, find_open
from apps.core import clock
from apps.core.rows import first_or_not_found
from apps.payments.models import PaymentMethod
from apps.payments.services import make_default
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import has_trial, list_trials_ending

# How long before its end its people are reminded of a trial that is longer than that.
REMINDED_BEFORE = dt.timedelta(days=3)

logger = logging.getLogger(__name__)


def waits_for_card(subscription: Subscription) -> bool:
    """Whether its trial begins as soon as a card is named."""
    return subscription.status == SubscriptionStatus.INCOMPLETE and has_trial(
        subscription.organization, subscription.plan
    )


def begin_trial(*, actor: Actor, checkout: Checkout, method: PaymentMethod) -> None:
    """Begin the trial of a checkout with a card that is charged nothing; the default card if there was none.

    In the caller's transaction. Raises `CheckoutClosed` where it does not wait for one any more.
    """
    subscription = lock_subscription(checkout.subscription, Q(organization=actor.organization))
    found = find_open(subscription)
    now = clock.now()
    is_open = found is not None and found.pk == checkout.pk and (found.expires_at is None or found.expires_at > now)
    if found is None or not is_open or not waits_for_card(subscription):
        raise CheckoutClosed
    usable = PaymentMethod.objects.filter(organization=actor.organization, removed_at__isnull=True)
    card = first_or_not_found(usable.filter(pk=method.pk))
    if not usable.filter(is_default=True).exists():
        make_default(actor=actor, method=card)
    subscriptions.activate_trial(subscription=subscription, at=now)
    complete(checkout=found, at=now)


def cannot_go_on(subscription: Subscription) -> bool:
    """Whether its trial, which is over, is followed by a period that nobody has given a card for."""
    plan = subscription.pending_plan or subscription.plan
    ends_anyway = subscription.cancel_at_period_end or plan.is_free
    return subscription.is_in_trial and not ends_anyway and not has_card(subscription)


def has_card(subscription: Subscription) -> bool:
    """Whether there is a card that its renewals are charged to."""
    return PaymentMethod.objects.filter(organization=subscription.organization_id, is_default=True).exists()


def remind_of_trial_ends() -> int:
    """Tell the people of each trial that ends soon what comes then; once each. How many trials."""
    now = clock.now()
    ending = list_trials_ending(now + REMINDED_BEFORE).filter(
        trial_ends_at__gt=now, trial_ends_at__gte=F("current_period_start") + REMINDED_BEFORE
    )
    told = 0
    for subscription in ending:
        try:
            told += _remind(subscription)
        except Exception:
            logger.exception("the people of %s cannot be reminded", subscription.public_id)
    return told


@transaction.atomic
def _remind(subscription: Subscription) -> bool:
    subscription = lock_subscription(subscription, Q())
    if subscription.status != SubscriptionStatus.TRIALING or subscription.trial_reminded_at is not None:
        return False
    subscription.trial_reminded_at = clock.now()
    subscription.save(update_fields=["trial_reminded_at"])
    tell_trial_ends(subscription, has_card=has_card(subscription))
    return True
