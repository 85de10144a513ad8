"""The change feed as this process follows it: a Redis message for speed, the table for certainty.

Messages get lost, and rows become visible when their transaction commits, not in the order of their ids. So
the last minute of the table is read again and again, and what was seen is remembered.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable

import redis.asyncio
from django.db import DatabaseError

from apps.core.changes import CHANNEL
from apps.core.ending import end_tasks

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
# No transaction that announces a change is open for longer than this.
WINDOW = dt.timedelta(seconds=60)
RECONNECT_SECONDS = 1.0

ReadChanges = Callable[[dt.datetime], Awaitable[list[tuple[int, str]]]]


class Outage:
    """Says in the log when it begins and when it ends, and not every second."""

    def __init__(self, meaning: str) -> None:
        self._meaning = meaning
        self._is_on = False

    def goes_on(self, error: Exception) -> None:
        if not self._is_on:
            logger.warning("%s (%s)", self._meaning, error)
        self._is_on = True

    def ended(self) -> None:
        if self._is_on:
            logger.info("over: %s", self._meaning)
        self._is_on = False


class ChangeFeed:
    """Calls `on_change(topic)` for every change, at least once, within a few seconds of its commit."""

    def __init__(
        self,
        *,
        redis_url: str,
        read_changes: ReadChanges,
        on_change: Callable[[str], None],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._redis_url = redis_url
        self._read_changes = read_changes
        self._on_change = on_change
        self._poll_seconds = poll_seconds
        self._seen: dict[int, dt.datetime] = {}
        self._read_until = dt.datetime.now(dt.UTC)
        self._tasks: list[asyncio.Task[None]] = []
        self.has_read = False
        self.is_reading = False  # the last attempt succeeded

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._poll_forever()), asyncio.create_task(self._listen_forever())]

    async def stop(self) -> None:
        await end_tasks(*self._tasks)

    async def _poll_forever(self) -> None:
        outage = Outage("changes cannot be read: what is known stands, and everything since is read afterwards")
        while True:
            try:
                await self._poll()
                self.is_reading = True
                outage.ended()
            except (DatabaseError, OSError, TimeoutError) as error:
                self.is_reading = False
                outage.goes_on(error)
            except Exception:
                self.is_reading = False
                logger.exception("changes cannot be read")
            await asyncio.sleep(self._poll_seconds)

    async def _poll(self) -> None:
        started = dt.datetime.now(dt.UTC)
        for change, topic in await self._read_changes(self._read_until - WINDOW):
            if change not in self._seen:
                self._on_change(topic)
            self._seen[change] = started
        self._seen = {change: seen for change, seen in self._seen.items() if seen == started}
        self._read_until = started
        self.has_read = True

    async def _listen_forever(self) -> None:
        outage = Outage("changes come by polling alone")
        while True:
            try:
                await self._listen(outage)
            except (redis.RedisError, OSError) as error:
                outage.goes_on(error)
            except Exception:
                logger.exception("changes come by polling alone")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, outage: "Outage") -> None:
        client = redis.asyncio.Redis.from_url(self._redis_url, health_check_interval=30)
        async with client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(CHANNEL)
            outage.ended()
            async for message in pubsub.listen():
                self._on_change(message["data"].decode())
