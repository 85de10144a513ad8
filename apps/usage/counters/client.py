"""The real `Metering`: what the gateway's engine reserves and settles calls with."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from django.conf import settings

from apps.core.ending import end_tasks
from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.fallback import GENERATION, Fallback
from apps.usage.counters.generation import Generations
from apps.usage.counters.journal import Journal, JournalEntry
from apps.usage.counters.keys import from_milliseconds, milliseconds
from apps.usage.counters.leases import Leases
from apps.usage.counters.link import LinkDown
from apps.usage.counters.links import open_link
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.periodic import repeat
from apps.usage.counters.records import encode_event, encode_lease
from apps.usage.counters.rejections import Rejections
from apps.usage.counters.scripts import RESERVE
from apps.usage.counters.spool import Spool
from apps.usage.counters.terms import Terms, TermsCache
from apps.usage.counters.tuning import DEFAULT, Tuning
from apps.usage.counters.types import (
    SHARDS,
    CallOutcome,
    CallSpec,
    MeteringUnavailable,
    Refusal,
    RejectedCall,
    Reservation,
    Settlement,
    shard_of,
)

# A reserve is tried again after a rebuild, and when its period was over: both are rare, and never many in a row.
_ATTEMPTS = 5

logger = logging.getLogger(__name__)


class CountersClient:
    """One for each gateway process; `start` it on the loop that it is used on.

    Pass the same tuple objects of rules for calls of the same subscription and endpoint: what follows from them
    is worked out once for each object.
    """

    def __init__(self, url: str | None = None, *, tuning: Tuning = DEFAULT, spool_folder: Path | None = None) -> None:
        """By default the settings say where Redis is (`COUNTERS_URL`), and where the spool (`USAGE_SPOOL_DIR`)."""
        self._url = url
        self._spool_folder = spool_folder if spool_folder is not None else settings.USAGE_SPOOL_DIR
        self._tuning = tuning
        self._started = False

    async def start(self) -> None:
        """Connect. Without Redis it starts all the same, and does what it does while Redis is away.

        Raises `SpoolUnusable`, with nothing begun, where the spool's folder cannot be written to.
        """
        self._spool = Spool(self._spool_folder)
        await self._spool.start()
        self._link = open_link(self._url or settings.COUNTERS_URL)
        self._database = DatabaseThread(keep_connection=False)
        self._offset = ClockOffset(self._database)
        self._leases = Leases(self._link, self._offset, self._tuning)
        self._rejections = Rejections(self._link, self._offset, self._tuning)
        self._journal = Journal(self._link, self._offset, self._tuning, lost=self._restore_soon)
        self._generations = Generations(self._link, self._database, self._offset, self._tuning, catch_up=self._catch_up)
        self._terms = TermsCache()
        self._fallback = Fallback(self._offset, self._spool)
        self._seen = [b""] * SHARDS
        self._bringing: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        await self._offset.start()
        await self._link.start()
        work = (
            (self._journal.poll, self._tuning.journal_seconds, "journal"),
            (self._leases.beat, self._tuning.heartbeat_seconds, "heartbeat"),
            (self._rejections.flush, self._tuning.rejections_seconds, "rejections"),
            (self._tend_the_spool, self._tuning.spool_seconds, "spool"),
        )
        for function, seconds, name in work:
            self._start(repeat(function, every_seconds=seconds, name=name))
        self._started = True

    async def stop(self) -> None:
        """Send what can still be sent, and wait a little for the meter to store it."""
        if not self._started:
            return
        self._started = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._tuning.stop_seconds):
                await self._rejections.flush()
                while self._journal.deferred + self._journal.held:
                    await self._journal.poll()
                    await asyncio.sleep(0.05)
        unsent = self._journal.unsent()
        kept = sum(await asyncio.gather(*map(self._spool.keep, unsent)))
        if kept < len(unsent):
            logger.error("this process ends with %s events that neither Redis nor a spool took", len(unsent) - kept)
        await end_tasks(*self._tasks, *self._bringing.values())
        await self._generations.stop()
        await self._offset.stop()
        await self._link.stop()
        await self._database.stop()
        await self._spool.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    # --- Metering -----------------------------------------------------------------------------

    async def reserve(self, spec: CallSpec, *, on_abandoned: Callable[[], None] | None = None) -> Reservation | Refusal:
        if self._journal.is_full:
            raise MeteringUnavailable("Too many events wait for the meter.")
        terms = self._terms.find(spec) or self._terms.renew(spec, self._offset.now())
        for _ in range(_ATTEMPTS):
            lease = encode_lease(spec, terms.counters, terms.slots)
            try:
                reply = await self._ask(spec, terms, lease)
            except LinkDown:
                return self._fallback.reserve(spec, terms, on_abandoned)
            word = reply[0]
            if word == b"stale_period":
                terms = self._terms.renew(spec, from_milliseconds(int(reply[1])))
            elif word == b"rebuild":
                await self._generations.ensure(terms.shard)
            elif word == b"changed":
                await self._bring_what_is_held(terms.shard, reply[1])
            elif word == b"overload":
                raise MeteringUnavailable("The usage stream is full: the meter is behind.")
            else:
                self._seen[terms.shard] = reply[1]
                numbers = [int(number) for number in reply[3:]]
                if word == b"refused":
                    return terms.refusal(spec.units, int(reply[2]), numbers)
                reservation = Reservation(
                    spec=spec,
                    generation=reply[1].decode(),
                    occurred_at=from_milliseconds(int(reply[2])),
                    counters=terms.counters,
                    rates=terms.rate_states(numbers),
                    quotas=terms.quota_states(int(reply[2]), numbers),
                    slots=terms.slots,
                    on_abandoned=on_abandoned,
                )
                self._leases.begin(reservation, lease)
                return reservation
        raise MeteringUnavailable("The counters do not come to rest.")

    async def settle(self, reservation: Reservation, outcome: CallOutcome) -> Settlement:
        spec, lease = reservation.spec, self._leases.end(reservation)
        is_local = reservation.generation == GENERATION
        if is_local:
            self._fallback.ended(reservation)
        entry = JournalEntry(
            shard=shard_of(spec.subscription_id),
            event_id=spec.event_id.hex,
            occurred_ms=milliseconds(reservation.occurred_at),
            counters=reservation.counters,
            reserved_units=spec.units,
            billed_units=outcome.units,
            event=encode_event(lease, outcome),
            reservation_generation=reservation.generation,
            slots=reservation.slots,
            replays=is_local,
        )
        # From here on the event cannot be forgotten, whatever becomes of this coroutine.
        sent = self._journal.add(entry)
        settlement = Settlement.DEFERRED
        if sent is not None:
            with contextlib.suppress(LinkDown):
                settlement = self._journal.take(entry, await sent)
        if settlement is not Settlement.ABANDONED:
            entry.acknowledged = True
        if settlement is Settlement.DEFERRED:
            await self._spool.keep(entry)
        if settlement is Settlement.UNKNOWN:
            self._journal.retry(entry.shard)
        return settlement

    def progress(self, reservation: Reservation, outcome: CallOutcome) -> None:
        self._leases.progress(reservation, outcome)

    def reject(self, call: RejectedCall) -> None:
        self._rejections.add(call)

    # --- for health checks and metrics --------------------------------------------------------

    @property
    def is_available(self) -> bool:
        return self._started and self._link.is_up and not self._journal.is_full

    def counts(self) -> dict[str, int]:
        """Calls in flight, events that Redis has not taken, events that the meter has not stored."""
        return {"in_flight": len(self._leases), "deferred": self._journal.deferred, "held": self._journal.held}

    @property
    def spool_is_ready(self) -> bool | None:
        """Whether events can be written to the disk; None: there is no spool."""
        return None if self._spool_folder is None else self._started and self._spool.is_ready

    @property
    def can_count_alone(self) -> bool:
        """Whether calls without a quota would pass while Redis is away."""
        return bool(self.spool_is_ready) and not self._journal.is_full

    @property
    def spooled(self) -> int:
        """How many events are on the disk and not known to be stored."""
        return self._spool.pending

    @property
    def local_calls(self) -> int:
        """How many calls passed without Redis so far."""
        return self._fallback.calls

    # --- inside -------------------------------------------------------------------------------

    async def _ask(self, spec: CallSpec, terms: Terms, lease: str) -> list[Any]:
        """Raises `LinkDown` where Redis does not answer; what it may have reserved is given back."""
        sent = self._link.run(
            RESERVE,
            terms.keys,
            self._offset.milliseconds,
            spec.event_id.hex,
            spec.units,
            lease,
            self._tuning.lease_ms,
            self._tuning.stream_bound,
            *terms.arguments,
            self._seen[terms.shard],
        )
        try:
            return await sent
        except (LinkDown, asyncio.CancelledError):
            self._give_back(spec, terms)
            raise

    async def _tend_the_spool(self) -> None:
        """Take over what processes left that are gone, as long as there is room for it."""
        self._spool.sweep()
        self._fallback.forget_the_past()
        while self._link.is_up and not self._journal.is_half_full and await self._spool.adopt(self._journal.restore):
            pass

    def _give_back(self, spec: CallSpec, terms: Terms) -> None:
        """Undo a reservation that may have been made and that nobody waits for: no call was forwarded.

        On the same connection this is carried out after it.
        """
        entry = JournalEntry(
            shard=terms.shard,
            event_id=spec.event_id.hex,
            occurred_ms=0,
            counters=terms.counters,
            reserved_units=spec.units,
            billed_units=0,
            event="",
            reservation_generation="",
            slots=terms.slots,
        )
        if (sent := self._journal.add(entry)) is not None:
            sent.add_done_callback(lambda sent: self._given_back(entry, sent))

    def _given_back(self, entry: JournalEntry, sent: "asyncio.Future[list[Any]]") -> None:
        if not sent.cancelled() and sent.exception() is None:
            self._journal.take(entry, sent.result())

    async def _bring_what_is_held(self, shard: int, generation: bytes) -> None:
        """Somebody has begun a new generation: it gets the calls in flight and the events of this process, once."""
        bringing = self._bringing.get(shard)
        if bringing is None:
            bringing = self._bringing[shard] = asyncio.create_task(self._bring(shard, generation))
            bringing.add_done_callback(lambda _: self._bringing.pop(shard, None))
        await asyncio.shield(bringing)

    async def _bring(self, shard: int, generation: bytes) -> None:
        if await self._leases.renew([shard]):
            self._seen[shard] = generation  # what is asked from here on is carried out behind that
        await self._journal.catch_up(shard)

    async def _catch_up(self, shard: int) -> None:
        await self._leases.renew([shard])
        await self._journal.catch_up(shard)

    def _restore_soon(self, shard: int) -> None:
        self._start(self._restore(shard))

    async def _restore(self, shard: int) -> None:
        # Where that fails, whoever needs the shard asks again.
        with contextlib.suppress(MeteringUnavailable):
            await self._generations.ensure(shard)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
