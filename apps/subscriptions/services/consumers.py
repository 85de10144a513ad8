"""What a creator does with a consumer of their product."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.core.errors import Conflict
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.errors import ManagedAtStripe
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import (
    is_paused_at_stripe,
    lock_consumer,
    move,
    payment_standing,
    record,
    renew_quota,
)


@transaction.atomic
def pause_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Stop a consumer of the actor's product (abuse); the gateway answers 403 until it is resumed."""
    subscription = lock_consumer(actor, subscription)
    summary = f"Paused the subscription of {subscription.organization.name}"
    return move(actor, subscription, SubscriptionStatus.PAUSED, "paused", summary)


@transaction.atomic
def resume_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Let a paused consumer of the actor's product call again; what they owe, they owe still."""
    subscription = lock_consumer(actor, subscription)
    if subscription.status != SubscriptionStatus.PAUSED:
        raise Conflict(_("This subscription is not paused."))
    if is_paused_at_stripe(subscription):
        raise ManagedAtStripe
    summary = f"Resumed the subscription of {subscription.organization.name}"
    return move(actor, subscription, payment_standing(subscription), "resumed", summary)


@transaction.atomic
def reset_quota(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Give a consumer of the actor's product the quota of the running period anew, and what was extra for free."""
    subscription = lock_consumer(actor, subscription)
    renew_quota(subscription)
    record(
        actor, subscription, "quota_reset", subscription.status, f"Reset the quota of {subscription.organization.name}"
    )
    return subscription
