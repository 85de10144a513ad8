"""Refused calls on their way to the stream: in the background, a little later, and never in the way of a call."""

import logging
from collections import defaultdict, deque

from apps.usage.counters.keys import STATE_KEYS
from apps.usage.counters.link import Link, LinkDown
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.records import encode_rejection
from apps.usage.counters.scripts import REJECT
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import RejectedCall, shard_of

_CHUNK = 100

logger = logging.getLogger(__name__)


class Rejections:
    """A queue of bounded length: when it is full, further rejections are counted and dropped."""

    def __init__(self, link: Link, offset: ClockOffset, tuning: Tuning) -> None:
        self._link = link
        self._offset = offset
        self._tuning = tuning
        self._queue: deque[RejectedCall] = deque()
        self._dropped = 0

    def add(self, call: RejectedCall) -> None:
        if len(self._queue) < self._tuning.rejections_bound:
            self._queue.append(call)
        else:
            self._dropped += 1

    async def flush(self) -> None:
        """Send what has gathered; what Redis cannot take now waits for the next time."""
        if self._dropped:
            logger.warning("%s rejections were not recorded: more came than could be sent", self._dropped)
            self._dropped = 0
        by_shard: dict[int, list[RejectedCall]] = defaultdict(list)
        while self._queue:
            call = self._queue.popleft()
            by_shard[shard_of(call.subscription_id or call.product_id)].append(call)
        for shard, calls in by_shard.items():
            for at in range(0, len(calls), _CHUNK):
                await self._record(shard, calls[at : at + _CHUNK])

    async def _record(self, shard: int, calls: list[RejectedCall]) -> None:
        arguments = []
        for call in calls:
            whose = f"s{call.subscription_id}" if call.subscription_id else f"p{call.product_id}"
            arguments += [call.event_id.hex, whose, encode_rejection(call)]
        try:
            reply = await self._link.run(
                REJECT, [STATE_KEYS[shard]], self._offset.milliseconds, self._tuning.stream_bound, *arguments
            )
        except LinkDown:
            reply = [b"rebuild"]
        if reply[0] == b"rebuild":
            for call in calls:
                self.add(call)
