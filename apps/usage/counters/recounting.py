"""Quota counters held against what they must be, and set to it: shard by shard, each in one snapshot of Postgres.

What a counter must be is what Postgres has up to the stored position, the unread stream, and the calls in flight: so
calls that are on their way are no difference.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.usage.counters.baseline import Baseline, read_baseline, read_stale_baseline
from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.keys import STATE_KEYS, from_milliseconds
from apps.usage.counters.link import Link
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.scripts import AUDIT, RECOUNT, Script
from apps.usage.models import StaleCounter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WrongCounter:
    """A quota counter, by its name in Redis, that is not what it must be."""

    name: str
    expected: int
    found: int


class Recounting:
    """Works on a started link."""

    def __init__(self, link: Link, database: DatabaseThread, offset: ClockOffset) -> None:
        self._link = link
        self._database = database
        self._offset = offset

    async def audit(self, shard: int) -> list[WrongCounter]:
        """The counters of running periods that are wrong. None of a shard that is to be rebuilt: all of it will be.

        Raises `LinkDown` or `DatabaseError`.
        """
        reply = await self._tally(AUDIT, shard, lambda now: read_baseline(shard, now, ()))
        if reply is None or reply[0] != b"audited":
            return []
        rows = zip(reply[1][::3], reply[1][1::3], reply[1][2::3], strict=True)
        return [WrongCounter(name.decode(), int(expected), int(found)) for name, expected, found in rows]

    async def recount(self, shard: int) -> bool:
        """Count anew what a `StaleCounter` asks for; whether there was anything, and it was done."""
        requests: list[int] = []

        def read(now: Any) -> Baseline | None:
            stale = read_stale_baseline(shard, now)
            requests[:] = stale.requests if stale else []
            return stale.baseline if stale else None

        reply = await self._tally(RECOUNT, shard, read)
        if reply is None or reply[0] != b"recounted":
            return False
        await self._database.run(_forget_requests, requests)
        logger.info("counted the quotas of shard %s anew, as %s requests asked", shard, len(requests))
        return True

    async def _tally(self, script: Script, shard: int, read: Callable[[Any], Baseline | None]) -> list[Any] | None:
        """Run the script on a snapshot, and on a newer one where the stream was trimmed meanwhile.

        None where there is nothing to do.
        """
        key = STATE_KEYS[shard]
        while True:
            time, state = await asyncio.gather(
                self._link.send_to(shard, "TIME"), self._link.send_to(shard, "HMGET", key, "trimmed", "floor")
            )
            now_ms = max(int(time[0]) * 1000 + self._offset.milliseconds, int(state[1] or 0))
            baseline = await self._database.run(read, from_milliseconds(now_ms))
            if baseline is None:
                return None
            reply = await self._link.run(
                script,
                [key],
                self._offset.milliseconds,
                baseline.generation,
                baseline.stream_id,
                state[0] or "0-0",
                *(part for pair in baseline.counters.items() for part in pair),
            )
            if reply[0] != b"retry":
                return reply


def _forget_requests(requests: list[int]) -> None:
    StaleCounter.objects.filter(pk__in=requests).delete()
