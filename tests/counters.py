"""What the counters in Redis say, read beside the code that keeps them."""

import redis
from django.conf import settings


def quota_counter(subscription_id: int, *, url: str | None = None) -> int:
    """What the subscription's quota counters stand at, in all periods together."""
    with redis.Redis.from_url(url or settings.COUNTERS_URL) as connection:
        names = list(connection.scan_iter(match=f"*q:{subscription_id}:*", count=1000))
        return sum(int(connection.get(name) or 0) for name in names)
