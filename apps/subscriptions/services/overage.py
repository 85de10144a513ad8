"""Whether extra units pass, and up to which price: the consumer's choice."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.core.errors import Conflict
from apps.products.hosting import is_hosting
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice, check_card
from apps.subscriptions.services.writing import lock_own, record


@transaction.atomic
def set_overage(*, actor: Actor, subscription: Subscription, choice: OverageChoice) -> Subscription:
    """Let extra units pass, or not, from now on; live in every gateway within seconds.

    What was used before is charged all the same. Raises `Invalid`, `CardNeeded`, and `Conflict` where the subscription
    is canceled.
    """
    subscription = lock_own(actor, subscription)
    choice.check()
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled."))
    check_card(subscription.organization, subscription.plan, overage_allowed=choice.allowed)
    before = OverageChoice(subscription.overage_allowed, subscription.spend_cap_amount)
    if before == choice:
        return subscription
    if is_hosting(subscription.product):
        raise Conflict(_("Extra calls of hosting are those of your consumers: they pass, and are charged."))
    subscription.overage_allowed, subscription.spend_cap_amount = choice.allowed, choice.spend_cap_amount
    subscription.save(update_fields=["overage_allowed", "spend_cap_amount"])
    record(actor, subscription, "overage_changed", subscription.status, _summary(subscription))
    return subscription


def _summary(subscription: Subscription) -> str:
    name = subscription.product.name
    if not subscription.overage_allowed:
        return f"Refused extra units of {name}"
    if subscription.spend_cap_amount is None:
        return f"Allowed extra units of {name}"
    return (
        f"Allowed extra units of {name} for up to {subscription.spend_cap_amount} {subscription.plan.currency} a period"
    )
