"""Recorded calls on their way to Postgres: a short list in Redis, whose oldest entries are lost when nobody takes them.

They are there for people to look at. Nothing is counted or billed by them, so they may get lost under pressure.
"""

import asyncio
import json
import logging
from collections import deque
from dataclasses import asdict, dataclass
from typing import cast

import redis
from django.conf import settings

from apps.core.redis_client import impatient_redis

KEY = "af:recordings"
# So many wait in Redis, and in a process, at most.
WAITING_MAX = 1000
_IN_PROCESS_MAX = 200
_FLUSH_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recording:
    """A call, its headers and the beginnings of its bodies, secrets blanked out; None or empty: not wanted."""

    event_id: str
    product_id: int
    query: str
    request_headers: list[tuple[str, str]] | None
    request_body: str
    is_request_cut: bool
    status: int | None  # of the answer as its consumer got it; None: there was none
    answer_headers: list[tuple[str, str]] | None
    answer_body: str
    is_answer_cut: bool


class RecordingQueue:
    """Gathers recordings on the loop, and sends them from a thread once a second."""

    def __init__(self) -> None:
        self._waiting: deque[Recording] = deque(maxlen=_IN_PROCESS_MAX)
        self._flushing: asyncio.Task[None] | None = None

    def add(self, recording: Recording) -> None:
        self._waiting.append(recording)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        await asyncio.sleep(_FLUSH_SECONDS)
        batch = list(self._waiting)
        self._waiting.clear()
        self._flushing = None
        try:
            await asyncio.to_thread(push, batch)
        except redis.RedisError as error:
            logger.info("%s recorded calls were not kept: %s", len(batch), error)


def push(recordings: list[Recording]) -> None:
    """Put them into the list. Raises `RedisError`."""
    with impatient_redis(settings.CACHE_URL).pipeline() as pipeline:
        pipeline.rpush(KEY, *(json.dumps(asdict(recording)) for recording in recordings))
        pipeline.ltrim(KEY, -WAITING_MAX, -1)
        pipeline.execute()


def pop(count: int) -> list[Recording]:
    """Take the oldest out of the list. Raises `RedisError`."""
    texts = cast("list[bytes] | None", impatient_redis(settings.CACHE_URL).lpop(KEY, count))
    return [Recording(**json.loads(text)) for text in texts or ()]
