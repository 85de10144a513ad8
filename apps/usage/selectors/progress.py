import datetime as dt
from collections.abc import Iterable

from apps.subscriptions.models import Subscription
from apps.usage.counters.types import SHARDS, shard_of
from apps.usage.models import StreamPosition


def find_complete_until(subscriptions: Iterable[Subscription] | None = None) -> dt.datetime | None:
    """Up to when every call of these subscriptions (by default: of all) is stored or given up.

    None while that is not known. What Redis and a gateway process lost together, or what a process that could
    not reach Redis for longer than its leases last brings later, is the exception.
    """
    shards = range(SHARDS) if subscriptions is None else {shard_of(subscription.pk) for subscription in subscriptions}
    known = dict(StreamPosition.objects.filter(shard__in=shards).values_list("shard", "complete_until"))
    moments = [known.get(shard) for shard in shards]
    if not moments or None in moments:
        return None
    return min(moment for moment in moments if moment is not None)
