"""Liveness and readiness: is this process alive, and can it reach what it needs."""

from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.COUNTERS_URL, socket_timeout=1, socket_connect_timeout=1)


def readiness() -> dict[str, bool]:
    """What the process needs, and whether it answers."""
    return {"postgres": _postgres_answers(), "redis": _redis_answers()}


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(_redis().ping())
    except redis.RedisError:
        return False
