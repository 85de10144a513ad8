"""Rebuilding a shard whose data is not of this server's life: Redis lost it, was restarted, or is another one.

One process does it under a lock that it renews; everybody else waits a little, then refuses calls. What a rebuild
puts together, and why that is exact, is in the README of the app.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from apps.core.ending import end_tasks
from apps.usage.counters.baseline import Baseline, read_baseline
from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.keys import STATE_KEYS, from_milliseconds, milliseconds
from apps.usage.counters.link import Link
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.scripts import BEGIN, REBUILD, UNLOCK
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable

_POLL_SECONDS = 0.02
# After a failure a shard is not tried again for so long, so that Postgres is not asked by every call.
_PAUSE_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Generations:
    """Makes shards usable again; at most one rebuild of a shard at a time in this process, and anywhere."""

    def __init__(
        self,
        link: Link,
        database: DatabaseThread,
        offset: ClockOffset,
        tuning: Tuning,
        *,
        catch_up: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """`catch_up(shard)` is awaited before anybody decides on a new generation."""
        self._catch_up = catch_up
        self._link = link
        self._database = database
        self._offset = offset
        self._tuning = tuning
        self._running: dict[int, tuple[asyncio.Task[None], float]] = {}
        self._failed_at: dict[int, float] = {}

    async def ensure(self, shard: int) -> None:
        """Return once the shard has a generation of this server.

        Raises `MeteringUnavailable` when that takes longer than `rebuild_wait_seconds` or fails. The rebuild
        goes on in the background when the waiter is gone.
        """
        now = asyncio.get_running_loop().time()
        if now - self._failed_at.get(shard, float("-inf")) < _PAUSE_SECONDS:
            raise MeteringUnavailable("The counters could not be rebuilt a moment ago.")
        if shard not in self._running:
            task = asyncio.create_task(self._rebuild(shard), name=f"rebuild shard {shard}")
            task.add_done_callback(lambda task: self._finished(shard, task))
            self._running[shard] = (task, now)
        task, started_at = self._running[shard]
        patience = max(0.0, started_at + self._tuning.rebuild_wait_seconds - now)
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done:
            raise MeteringUnavailable("The counters are being rebuilt.")
        if error := task.exception():
            raise MeteringUnavailable(f"The counters could not be rebuilt: {error}") from error

    async def stop(self) -> None:
        await end_tasks(*(task for task, _ in self._running.values()))

    def _finished(self, shard: int, task: "asyncio.Task[None]") -> None:
        del self._running[shard]
        if not task.cancelled() and (error := task.exception()):
            self._failed_at[shard] = asyncio.get_running_loop().time()
            logger.warning("shard %s not rebuilt: %s", shard, error)

    async def _rebuild(self, shard: int) -> None:
        """Until the shard is current, by whoever. Raises what the link or Postgres raises."""
        key, token = STATE_KEYS[shard], secrets.token_hex(8)
        while (reply := await self._link.run(BEGIN, [key], token, self._tuning.rebuild_lock_ms))[0] != b"current":
            if reply[0] == b"busy":
                await asyncio.sleep(_POLL_SECONDS)
                continue
            now_ms, trimmed = max(int(reply[1]) + self._offset.milliseconds, int(reply[3])), reply[2]
            in_flight = [UUID(event_id.decode()) for event_id in reply[4]]
            async with self._locked(key, token):
                baseline = await self._database.run(read_baseline, shard, from_milliseconds(now_ms), in_flight)
                await self._begin_generation(shard, token, baseline, now_ms, trimmed)
        if self._catch_up is not None:
            await self._catch_up(shard)

    async def _begin_generation(self, shard: int, token: str, baseline: Baseline, now_ms: int, trimmed: bytes) -> None:
        """Begin it, unless the lock was lost or the stream was trimmed meanwhile: then all is done again."""
        key = STATE_KEYS[shard]
        floor = max(now_ms, milliseconds(baseline.complete_until) if baseline.complete_until else 0)
        counters = [part for pair in baseline.counters.items() for part in pair]
        reply = await self._link.run(
            REBUILD,
            [key],
            self._offset.milliseconds,
            token,
            f"{self._link.run_id_of(shard)}:{secrets.token_hex(6)}",
            baseline.generation,
            baseline.stream_id,
            trimmed,
            floor,
            self._tuning.lease_ms,
            self._tuning.hold_ms,
            len(baseline.stored_calls),
            *(call.hex for call in baseline.stored_calls),
            *counters,
        )
        if reply[0] == b"rebuilt":
            logger.debug("rebuilt %s from %s", key, baseline.stream_id)

    @contextlib.asynccontextmanager
    async def _locked(self, key: str, token: str) -> AsyncIterator[None]:
        """Renew the lock while Postgres is read, and give it up when that fails."""
        renewal = asyncio.create_task(self._renew(key, token))
        try:
            yield
        except BaseException:
            self._link.post(UNLOCK, [key], token)
            raise
        finally:
            renewal.cancel()

    async def _renew(self, key: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._tuning.rebuild_lock_ms / 3000)
            self._link.post(BEGIN, [key], token, self._tuning.rebuild_lock_ms)
