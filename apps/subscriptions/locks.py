"""The lock that every write of a subscription or of its keys takes first."""

from django.db.models import Q

from apps.core.rows import first_or_not_found
from apps.subscriptions.models import Subscription


def lock_subscription(subscription: Subscription, owned: Q) -> Subscription:
    """The subscription as it is now, locked until the transaction ends, where `owned` holds. Raises `NotFound`.

    It is no key lock, so that rows which only refer to the subscription can be added meanwhile.
    """
    return first_or_not_found(
        Subscription.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organization", "product", "plan", "pending_plan")
        .filter(owned, pk=subscription.pk)
    )
