"""The calls of this process that are in flight: their leases are renewed until they are settled."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from apps.usage.counters.keys import STATE_KEYS, milliseconds
from apps.usage.counters.link import Link, LinkDown
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.records import encode_event, encode_lease
from apps.usage.counters.scripts import HEARTBEAT, RESTORE
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import SHARDS, CallOutcome, Reservation, shard_of

# How many leases one script call renews: it must stay short.
_CHUNK = 500

logger = logging.getLogger(__name__)


class _Live:
    __slots__ = ("lease", "progress", "reservation", "since")

    def __init__(self, reservation: Reservation, lease: str, since: float) -> None:
        self.reservation = reservation
        self.lease = lease
        self.since = since
        self.progress: CallOutcome | None = None


class Leases:
    """Knows every reservation between `begin` and `end`."""

    def __init__(self, link: Link, offset: ClockOffset, tuning: Tuning) -> None:
        self._link = link
        self._offset = offset
        self._tuning = tuning
        self._loop = asyncio.get_running_loop()
        self._live: dict[UUID, _Live] = {}

    def __len__(self) -> int:
        return len(self._live)

    def begin(self, reservation: Reservation, lease: str) -> None:
        """`lease` is what was written into Redis."""
        self._live[reservation.spec.event_id] = _Live(reservation, lease, self._loop.time())

    def end(self, reservation: Reservation) -> str:
        """What was written into Redis when the call began."""
        live = self._live.pop(reservation.spec.event_id, None)
        reservation.on_abandoned = None  # else the call and its reservation would hold each other in memory
        return live.lease if live else encode_lease(reservation.spec, reservation.counters, reservation.slots)

    def progress(self, reservation: Reservation, outcome: CallOutcome) -> None:
        """Remember how far a stream has come; nothing when it was settled or given up."""
        if live := self._live.get(reservation.spec.event_id):
            live.progress = outcome

    async def beat(self) -> None:
        """Renew the leases of calls that are not quite young: those are in time for the next beat."""
        await self.renew(range(SHARDS), min_age_seconds=self._tuning.heartbeat_seconds / 2)

    async def renew(self, shards: Iterable[int], *, min_age_seconds: float = 0.0) -> bool:
        """Renew leases. A call that was given up hears of it; one whose lease was lost with data gets a new one.

        False where Redis was not there for all of them.
        """
        wanted, now = set(shards), self._loop.time()
        by_shard: dict[int, list[_Live]] = defaultdict(list)
        for live in self._live.values():
            shard = shard_of(live.reservation.spec.subscription_id)
            if shard in wanted and now - live.since >= min_age_seconds:
                by_shard[shard].append(live)
        for shard, calls in by_shard.items():
            for at in range(0, len(calls), _CHUNK):
                try:
                    await self._renew(shard, calls[at : at + _CHUNK])
                except LinkDown:
                    return False
        return True

    async def _renew(self, shard: int, calls: list[_Live]) -> None:
        arguments = [part for live in calls for part in (live.reservation.spec.event_id.hex, self._record(live))]
        reply = await self._link.run(HEARTBEAT, [STATE_KEYS[shard]], self._tuning.lease_ms, *arguments)
        if reply[0] != b"renewed":
            return  # the shard is about to be rebuilt, and then this is done again
        generation = reply[1].decode()
        abandoned, missing = ({UUID(name.decode()) for name in names} for names in reply[2:4])
        for live in calls:
            event_id = live.reservation.spec.event_id
            if event_id not in self._live:
                continue  # it was settled meanwhile
            if event_id in abandoned:
                self._give_up(live.reservation)
            elif event_id not in missing:
                live.reservation.generation = generation
            elif live.reservation.generation != generation:
                self._restore(shard, live)

    def _record(self, live: _Live) -> str:
        """What is billed should this process die now; nothing for a young call, which would not be billed."""
        if live.progress is None or self._loop.time() - live.since < self._tuning.progress_after_seconds:
            return ""
        return encode_event(live.lease, live.progress)

    def _give_up(self, reservation: Reservation) -> None:
        on_abandoned = reservation.on_abandoned
        self.end(reservation)
        logger.warning("call %s was abandoned: its lease could not be renewed in time", reservation.spec.event_id)
        if on_abandoned is not None:
            on_abandoned()

    def _restore(self, shard: int, live: _Live) -> None:
        """Sent at once and not waited for: a settlement that follows finds the lease. Raises `LinkDown`."""
        reservation, spec = live.reservation, live.reservation.spec
        restored = self._link.run(
            RESTORE,
            (STATE_KEYS[shard], *reservation.counters),
            self._offset.milliseconds,
            spec.event_id.hex,
            milliseconds(reservation.occurred_at),
            spec.units,
            live.lease,
            self._tuning.lease_ms,
            *((reservation.slots,) if reservation.slots else ()),
        )
        restored.add_done_callback(lambda done: done.cancelled() or done.exception())
