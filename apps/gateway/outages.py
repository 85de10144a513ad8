"""Backends that gateway processes have suspended, told to the creator: a note in Redis for each, which ends by itself.

A process writes it when it suspends a backend and whenever a trial failed, and takes it away when one succeeded. A
process that cannot write it does not care: nothing is decided by it.
"""

import asyncio
import datetime as dt
import logging
from functools import partial

import redis
from django.conf import settings

from apps.core import clock
from apps.core.redis_client import impatient_redis
from apps.products.models import Product

# Without a call nobody finds out that a backend is back: then the note ends by itself.
KEPT_SECONDS = 600

logger = logging.getLogger(__name__)


class OutageNotes:
    """What `engine.observation.health` tells of its changes: `post` runs on the loop and returns at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, product_id: int, url: str, is_suspended: bool) -> None:
        logger.warning("product %s: backend %s", product_id, "suspended" if is_suspended else "called again")
        note = partial(begin_outage if is_suspended else end_outage, product_id, url)
        task = asyncio.create_task(asyncio.to_thread(note))
        self._tasks.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.debug("an outage was not noted: %s", error)


def begin_outage(product_id: int, url: str) -> None:
    """Note that this base URL of the product is suspended, since now or since before. Raises `RedisError`."""
    key = _key(product_id)
    with impatient_redis(settings.CACHE_URL).pipeline() as pipeline:
        pipeline.hsetnx(key, url, clock.now().isoformat())
        pipeline.expire(key, KEPT_SECONDS)
        pipeline.execute()


def end_outage(product_id: int, url: str) -> None:
    """Raises `RedisError`."""
    impatient_redis(settings.CACHE_URL).hdel(_key(product_id), url)


def find_outage(product: Product) -> dt.datetime | None:
    """Since when the product's backend for live keys is suspended, as far as is known."""
    try:
        since = impatient_redis(settings.CACHE_URL).hget(_key(product.pk), product.upstream_url.rstrip("/"))
    except redis.RedisError:
        return None
    return dt.datetime.fromisoformat(since if isinstance(since, str) else since.decode()) if since else None


def _key(product_id: int) -> str:
    return f"af:outage:{product_id}"
