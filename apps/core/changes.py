"""The feed of changes that other processes must hear of: a key revoked, a plan changed, a clock moved.

A change is a row written in the transaction that makes it, so that it cannot be lost; a Redis message
after the commit only makes it arrive sooner. Topics are `<kind>` or `<kind>:<id>`, such as `product:12`.
"""

import datetime as dt
import logging

import redis
from django.conf import settings
from django.db import transaction

from apps.core.redis_client import impatient_redis

CHANNEL = "af:changes"
# Longer than any transaction that announces something, and than the clocks of two hosts differ.
REACH_BACK = dt.timedelta(seconds=60)

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


class ChangeFeed:
    """Polls the feed: each change comes once, whatever the order of the commits.

    A row becomes visible when its transaction commits, which may be after rows with higher ids did. So every
    poll looks back by `REACH_BACK` and leaves out what it has seen, instead of reading on from the highest id.
    Make one before loading what the changes are about, so that nothing falls between the two.
    """

    def __init__(self) -> None:
        self._seen: dict[int, dt.datetime] = {}
        self._newest: dt.datetime | None = None
        self.poll()

    def poll(self) -> list[str]:
        """The topics of the changes that became visible since the last call, in the order of their ids."""
        from apps.core.models import Change

        rows = Change.objects.order_by("id")
        if self._newest is not None:
            rows = rows.filter(created_at__gte=self._newest - REACH_BACK)
        topics = []
        for number, topic, created_at in rows.values_list("id", "topic", "created_at"):
            if number not in self._seen:
                self._seen[number] = created_at
                topics.append(topic)
        if self._seen:
            self._newest = max(self._seen.values())
            self._seen = {
                number: created_at
                for number, created_at in self._seen.items()
                if created_at >= self._newest - REACH_BACK
            }
        return topics
