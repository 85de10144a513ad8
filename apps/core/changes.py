"""The feed of changes that other processes must hear of: a key revoked, a plan changed, a clock moved.

A change is a row written in the transaction that makes it, so that it cannot be lost; a Redis message
after the commit only makes it arrive sooner. Topics are `<kind>` or `<kind>:<id>`, such as `product:12`.

Rows become visible in the order of their commits, which is not that of their ids: who polls looks back in time
and leaves out what it has seen, instead of reading on from the highest id.
"""

import logging

import redis
from django.conf import settings
from django.db import transaction

from apps.core.redis_client import impatient_redis

CHANNEL = "af:changes"

logger = logging.getLogger(__name__)


def announce(topic: str) -> None:
    """Record the change in the caller's transaction, and wake the listeners once it is committed."""
    from apps.core.models import Change

    Change.objects.create(topic=topic)
    transaction.on_commit(lambda: _wake(topic), robust=True)


def _wake(topic: str) -> None:
    try:
        impatient_redis(settings.CACHE_URL).publish(CHANNEL, topic)
    except redis.RedisError:
        logger.warning("change %s not published: listeners will find it when they poll", topic)
