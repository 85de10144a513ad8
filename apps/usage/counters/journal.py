"""The events of this process, kept until the METER says that Postgres has them, not until Redis answered.

An entry is deferred until Redis has taken it into a stream, then held under the (generation, stream id) that it
got. It is dropped when the shard's mark, which only the meter moves and only behind its commits, has passed that
id in that generation. Where a shard begins a new generation, what is held of older ones and not covered by the
mark is appended again: if it was stored already, Postgres removes the double.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

from apps.usage.counters.keys import STATE_KEYS, parse_stream_id
from apps.usage.counters.link import Link, LinkDown
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.scripts import APPEND, SETTLE, Script
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import SHARDS, Settlement

# How many entries of a shard may be on their way at once.
_BURST = 500


class Backup(Protocol):
    """Where an entry is written down as well (`spool`)."""

    def stored(self) -> None:
        """Postgres has one of its entries."""
        ...


@dataclass(slots=True, eq=False)
class JournalEntry:
    """A settled call. Without `event` it is a reservation to be given back, and forgotten once that is done."""

    shard: int
    event_id: str
    occurred_ms: int
    counters: tuple[str, ...]
    reserved_units: int
    billed_units: int
    event: str
    reservation_generation: str
    slots: str = ""  # the set of calls in flight that it is in
    # The caller was told that it may end its answer: from then on abandonment no longer drops the event.
    acknowledged: bool = False
    # The lease is known to be lost: settling again makes no sense.
    replays: bool = False
    generation: str = ""
    stream_id: tuple[int, int] = (0, 0)
    segment: Backup | None = None


class Journal:
    """`lost(shard)` is called when Redis says that a shard has no generation of this server."""

    def __init__(self, link: Link, offset: ClockOffset, tuning: Tuning, *, lost: Callable[[int], None]) -> None:
        self._link = link
        self._offset = offset
        self._tuning = tuning
        self._lost = lost
        self._deferred: list[dict[str, JournalEntry]] = [{} for _ in range(SHARDS)]
        self._held: list[deque[JournalEntry]] = [deque() for _ in range(SHARDS)]
        self._sending: list[set[asyncio.Future[list[Any]]]] = [set() for _ in range(SHARDS)]
        self._size = 0

    @property
    def is_full(self) -> bool:
        return self._size >= self._tuning.journal_bound

    @property
    def is_half_full(self) -> bool:
        return self._size >= self._tuning.journal_bound / 2

    @property
    def deferred(self) -> int:
        """How many events Redis has not taken yet."""
        return sum(map(len, self._deferred))

    @property
    def held(self) -> int:
        """How many events Redis has taken and the meter has not stored yet."""
        return sum(map(len, self._held))

    def add(self, entry: JournalEntry) -> "asyncio.Future[list[Any]] | None":
        """Keep the entry, and send it; the reply belongs to `take`. None where Redis cannot be reached."""
        self._size += 1
        self._defer(entry)
        try:
            return self._send(APPEND if entry.replays else SETTLE, entry)
        except LinkDown:
            return None

    def restore(self, entry: JournalEntry) -> None:
        """Keep an entry that another process left; it is sent with the next poll."""
        self._size += 1
        self._defer(entry)

    def unsent(self) -> list[JournalEntry]:
        """The events that Redis has not taken yet."""
        return [entry for entries in self._deferred for entry in entries.values() if entry.event]

    def take(self, entry: JournalEntry, reply: list[Any]) -> Settlement:
        """Act on the reply to an entry that was sent."""
        word = reply[0]
        if word in (b"settled", b"already", b"appended"):
            self._hold(entry, reply[1].decode(), reply[2].decode())
            return Settlement.ALREADY if word == b"already" else Settlement.SETTLED
        if word == b"abandoned":
            if entry.acknowledged:
                entry.replays = True
            else:
                self._forget(entry)
            return Settlement.ABANDONED
        if word == b"unknown":
            entry.replays = True
            if not entry.event:
                self._forget(entry)
            return Settlement.UNKNOWN
        self._lost(entry.shard)
        return Settlement.DEFERRED

    async def poll(self, shards: Iterable[int] = range(SHARDS)) -> None:
        """Drop what the meter has stored; send again what was lost, and what could not be sent."""
        shards = [shard for shard in shards if self._held[shard] or self._deferred[shard]]
        try:
            asked = [self._link.send_to(shard, "HMGET", STATE_KEYS[shard], "gen", "mark") for shard in shards]
        except LinkDown:
            return
        for shard, reply in zip(shards, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(reply, BaseException):
                continue
            generation, mark = ((value or b"").decode() for value in reply)
            if mark:
                self._drop(shard, *mark.rsplit(" ", 1))
            if generation.startswith(f"{self._link.run_id_of(shard)}:"):
                self._replay(shard, generation)
                self.retry(shard)
            else:
                self._lost(shard)

    async def catch_up(self, shard: int) -> None:
        """Bring a new generation all that it lacks; returns when Redis has taken it."""
        await self.poll([shard])
        while self._sending[shard]:
            await asyncio.wait(self._sending[shard])
            await asyncio.sleep(0)  # let the answers be acted on

    def retry(self, shard: int) -> None:
        """Send what is deferred, a burst at a time."""
        if self._sending[shard]:
            return
        for entry in list(islice(self._deferred[shard].values(), _BURST)):
            try:
                future = self._send(APPEND if entry.replays else SETTLE, entry)
            except LinkDown:
                return
            self._sending[shard].add(future)
            future.add_done_callback(partial(self._retried, entry))

    # --- inside -------------------------------------------------------------------------------

    def _send(self, script: Script, entry: JournalEntry) -> "asyncio.Future[list[Any]]":
        keys = (STATE_KEYS[entry.shard], *entry.counters)
        first = entry.reservation_generation if script is SETTLE else self._offset.milliseconds
        return self._link.run(
            script,
            keys,
            first,
            entry.event_id,
            entry.occurred_ms,
            entry.reserved_units,
            entry.billed_units,
            entry.event,
            *((entry.slots,) if entry.slots else ()),
        )

    def _replay(self, shard: int, generation: str) -> None:
        """Defer again what is held of an earlier generation: the shard's new one may not have it."""
        held = self._held[shard]
        # Generations come one after another, so both ends show whether there is more than one.
        if not held or held[0].generation == held[-1].generation == generation:
            return
        self._held[shard] = deque(entry for entry in held if entry.generation == generation)
        for entry in held:
            if entry.generation != generation:
                entry.replays = entry.acknowledged = True
                self._defer(entry)

    def _retried(self, entry: JournalEntry, future: "asyncio.Future[list[Any]]") -> None:
        shard, replayed = entry.shard, entry.replays
        self._sending[shard].discard(future)
        if future.cancelled() or future.exception() is not None:
            return
        # It may have been taken by an earlier answer.
        if self._deferred[shard].get(entry.event_id) is entry:
            self.take(entry, future.result())
        # The next burst, or this one as a replay, as long as something moves.
        if entry.event_id not in self._deferred[shard] or entry.replays != replayed:
            self.retry(shard)

    def _hold(self, entry: JournalEntry, generation: str, stream_id: str) -> None:
        # Another entry may have taken its place: that of a call that was given back and let through all the same.
        if self._deferred[entry.shard].get(entry.event_id) is not entry:
            return
        del self._deferred[entry.shard][entry.event_id]
        if not entry.event:
            self._size -= 1
            return
        entry.generation, entry.stream_id = generation, parse_stream_id(stream_id)
        self._held[entry.shard].append(entry)

    def _defer(self, entry: JournalEntry) -> None:
        # A call that was settled twice is kept once.
        if (other := self._deferred[entry.shard].get(entry.event_id)) is not None:
            self._size -= 1
            if entry.segment is None:
                entry.segment, other.segment = other.segment, None
        self._deferred[entry.shard][entry.event_id] = entry

    def _forget(self, entry: JournalEntry) -> None:
        if self._deferred[entry.shard].get(entry.event_id) is entry:
            del self._deferred[entry.shard][entry.event_id]
            self._size -= 1
            _stored(entry)

    def _drop(self, shard: int, generation: str, stream_id: str) -> None:
        stored, held = parse_stream_id(stream_id), self._held[shard]
        # Ids rise; one that does not only waits for its neighbour.
        while held and held[0].generation == generation and held[0].stream_id <= stored:
            _stored(held.popleft())
            self._size -= 1


def _stored(entry: JournalEntry) -> None:
    segment, entry.segment = entry.segment, None
    if segment is not None:
        segment.stored()
