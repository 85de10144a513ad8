"""The feed of changes that other processes must hear of: a key revoked, a plan changed, a clock moved.

A change is a row written in the transaction that makes it, so that it cannot be lost; a Redis message
after the commit only makes it arrive sooner. Topics are `<kind>` or `<kind>:<id>`, such as `product:12`.
"""

import logging
from functools import cache

import redis
from django.conf import settings
from django.db import transaction

CHANNEL = "af:changes"

logger = logging.getLogger(__name__)


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.CACHE_URL, socket_timeout=0.5, socket_connect_timeout=0.5)


def announce(topic: str) -> None:
    """Record the change in the caller's transaction, and wake the listeners once it is committed."""
    from apps.core.models import Change

    Change.objects.create(topic=topic)
    transaction.on_commit(lambda: _wake(topic), robust=True)


def _wake(topic: str) -> None:
    try:
        _redis().publish(CHANNEL, topic)
    except redis.RedisError:
        logger.warning("change %s not published: listeners will find it when they poll", topic)
