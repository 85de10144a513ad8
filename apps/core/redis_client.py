"""Redis for small things beside the work: a message, a ping. It answers soon or not at all."""

from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def impatient_redis(url: str) -> "redis.Redis":
    """A client of this process that gives up after half a second and does not try again."""
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0))
