"""Liveness and readiness: is this process alive, and can it reach what it needs."""

import redis
from django.conf import settings
from django.db import Error, connection

from apps.core.redis_client import impatient_redis


def readiness() -> dict[str, bool]:
    """What the process needs, and whether it answers."""
    return {"postgres": _postgres_answers(), "redis": redis_answers()}


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()  # a broken one is not to be asked again
        return False
    return True


def redis_answers() -> bool:
    """Whether each Redis answers: that of the counters, of the jobs and of the cache may be one or three."""
    try:
        return all(
            impatient_redis(url).ping() for url in {settings.COUNTERS_URL, settings.BROKER_URL, settings.CACHE_URL}
        )
    except redis.RedisError:
        return False
