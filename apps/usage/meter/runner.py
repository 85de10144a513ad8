"""The meter: moves usage from the streams to Postgres, exactly once, and gives up calls whose process is gone.

Any number may run. Each reads all shards; who holds the row of a shard's position stores its batch, and a batch
that was read at another position is thrown away. No Redis is asked inside a transaction.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import Error as DatabaseError

from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.generation import Generations
from apps.usage.counters.keys import STATE_KEYS
from apps.usage.counters.link import LinkDown
from apps.usage.counters.links import open_link
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.recounting import Recounting
from apps.usage.counters.scripts import MARK, READ, SWEEP
from apps.usage.counters.tuning import DEFAULT, Tuning
from apps.usage.counters.types import SHARDS, MeteringUnavailable
from apps.usage.meter.batch import Batch, Position, parse_batch
from apps.usage.meter.store import load_positions, store_batch, store_complete
from apps.usage.models import StaleCounter

# The meter has time: a slow answer is no reason to give up a connection.
_STALL_SECONDS = 5.0
_SWEEP_COUNT = 500
_BACK_OFF_MAX_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Meter:
    """`observe` hears of every step: `read`, `storing` (just before the commit), `stored`, `marked`."""

    def __init__(
        self, url: str | None = None, *, tuning: Tuning = DEFAULT, observe: Callable[[str], None] = lambda _: None
    ) -> None:
        """`url` is `settings.COUNTERS_URL` by default."""
        self._url = url
        self._tuning = tuning
        self._observe = observe

    async def start(self) -> None:
        self._link = open_link(
            self._url or settings.COUNTERS_URL, stall_seconds=_STALL_SECONDS, dead_seconds=2 * _STALL_SECONDS
        )
        self._database = DatabaseThread(keep_connection=True)
        self._offset = ClockOffset(self._database)
        self._generations = Generations(self._link, self._database, self._offset, self._tuning)
        self._recounting = Recounting(self._link, self._database, self._offset)
        self._positions: dict[int, Position] = {}
        self._completed_at = self._swept_at = float("-inf")
        await self._offset.start()
        await self._link.start()

    async def stop(self) -> None:
        await self._generations.stop()
        await self._offset.stop()
        await self._link.stop()
        await self._database.stop()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. Without Postgres or Redis it waits for them."""
        failures = 0
        while not stopping.is_set():
            delay = self._tuning.poll_seconds
            try:
                if await self.tick():
                    delay = 0.0
                failures = 0
            except Exception as error:
                failures += 1
                delay = min(_BACK_OFF_MAX_SECONDS, delay * 2**failures)
                expected = isinstance(error, (LinkDown, DatabaseError))
                logger.warning("nothing stored: %s", error or type(error).__name__, exc_info=not expected)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await stopping.wait()

    async def tick(self) -> bool:
        """Store what there is, one batch of each shard; whether there is more.

        Raises `LinkDown` or `DatabaseError`; the next tick then begins from what is stored.
        """
        try:
            return await self._tick()
        except BaseException:
            self._positions = {}
            raise

    # --- one tick -----------------------------------------------------------------------------

    async def _tick(self) -> bool:
        now = asyncio.get_running_loop().time()
        if not self._positions:
            self._positions = await self._database.run(load_positions)
        asks = now - self._completed_at >= self._tuning.complete_seconds
        batches = await self._read(asks)
        self._observe("read")
        busy = [batch for batch in batches if batch.entries or batch.start.generation != batch.asked.generation]
        for batch in busy:
            await self._store(batch)
        if asks:
            await self._database.run(store_complete, [batch for batch in batches if not batch.entries])
            self._completed_at = now
        for batch in batches:
            position = self._positions[batch.shard]
            if batch.mark != str(position):
                await self._mark(batch.shard, position)
        if now - self._swept_at >= self._tuning.sweep_seconds:
            await self.sweep()
            await self.recount()
            self._swept_at = now
        return any(len(batch.entries) >= self._tuning.batch_entries for batch in busy)

    async def _read(self, asks: bool) -> list[Batch]:
        """A batch of every shard that is current; the others are rebuilt first."""
        batches = await self._read_shards(range(SHARDS), asks)
        lost = sorted(set(range(SHARDS)) - {batch.shard for batch in batches})
        if lost:
            outcomes = await asyncio.gather(*map(self._generations.ensure, lost), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, MeteringUnavailable):
                    raise outcome
            rebuilt = [shard for shard, outcome in zip(lost, outcomes, strict=True) if outcome is None]
            batches += await self._read_shards(rebuilt, asks)
        return batches

    async def _read_shards(self, shards: Iterable[int], asks: bool) -> list[Batch]:
        shards = list(shards)
        replies = await asyncio.gather(
            *(
                self._link.run(
                    READ,
                    [STATE_KEYS[shard]],
                    self._offset.milliseconds,
                    self._positions[shard].generation,
                    self._positions[shard].stream_id,
                    self._tuning.batch_entries,
                    int(asks),
                    self._tuning.awaited_ms,
                )
                for shard in shards
            )
        )
        return [
            parse_batch(shard, self._positions[shard], reply)
            for shard, reply in zip(shards, replies, strict=True)
            if reply[0] == b"read"
        ]

    async def _store(self, batch: Batch) -> None:
        """One shard's trouble is not the others': it is logged, and the shard tried again."""
        try:
            stale = await self._database.run(store_batch, batch, lambda: self._observe("storing"))
        except DatabaseError:
            raise
        except Exception:
            logger.exception("shard %s not stored", batch.shard)
            stale = None
        if stale is None:
            # Another meter is ahead: begin from what is stored.
            self._positions = await self._database.run(load_positions)
            return
        self._positions[batch.shard] = batch.end
        self._observe("stored")
        if stale:
            await self._recounting.recount(batch.shard)

    async def _mark(self, shard: int, position: Position) -> None:
        await self._link.run(
            MARK, [STATE_KEYS[shard]], position.generation, position.stream_id, self._tuning.stream_kept_ms
        )
        self._observe("marked")

    # --- from time to time --------------------------------------------------------------------

    async def sweep(self) -> int:
        """Give up calls whose lease has run out; how many."""
        tuning = self._tuning
        replies = await asyncio.gather(
            *(
                self._link.run(
                    SWEEP, [key], tuning.lease_ms, tuning.sweep_pause_ms, tuning.abandoned_kept_ms, _SWEEP_COUNT
                )
                for key in STATE_KEYS
            )
        )
        return sum(int(reply[1]) for reply in replies if reply[0] == b"swept")

    async def recount(self) -> int:
        """Count anew the counters that were found to be wrong; how many shards had any."""
        shards = await self._database.run(_stale_shards)
        for shard in shards:
            await self._recounting.recount(shard)
        return len(shards)


def _stale_shards() -> list[int]:
    return list(StaleCounter.objects.values_list("shard", flat=True).distinct())
