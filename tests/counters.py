"""What the counters in Redis say, read beside the code that keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings

from apps.core.redis_client import cluster_node_urls, impatient_redis


def quota_counter(subscription_id: int, *, url: str | None = None) -> int:
    """What the subscription's quota counters stand at, in all periods together."""
    with _open(url or settings.COUNTERS_URL) as connection:
        names = list(connection.scan_iter(match=f"*q:{subscription_id}:*", count=1000))
        return sum(int(connection.get(name) or 0) for name in names)


@contextmanager
def _open(url: str) -> Iterator[Any]:
    if cluster_node_urls(url):
        yield impatient_redis(url)
        return
    with redis.Redis.from_url(url) as connection:
        yield connection
