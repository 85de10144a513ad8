"""The addresses of backends' names: asked for once for all who wait, and kept while the next answer is on its way.

Looking up a name takes a thread, of which the process has few, and a name server that does not answer holds it for
long. So one name never takes two of them, and calls of a name that was known a moment ago do not wait for its next
answer.
"""

import asyncio
import socket
import time
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver

from apps.core.ending import end_tasks
from apps.gateway.engine.ports import UpstreamUnreachable
from apps.gateway.upstream.origin import Origin

# How long an answer is good, and one that there is no such name.
DNS_SECONDS = 10.0
FAILED_SECONDS = 1.0
# How long after that the old addresses do while a new answer is waited for.
STALE_SECONDS = 60.0
_NAMES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Answer:
    addresses: list[str]
    error: str
    good_until: float


class Names:
    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver
        self._known: dict[Origin, _Answer] = {}
        self._lookups: dict[Origin, asyncio.Task[_Answer]] = {}

    async def close(self) -> None:
        await end_tasks(*self._lookups.values())
        await self._resolver.close()

    async def addresses(self, origin: Origin) -> list[str]:
        """Raises `UpstreamUnreachable`."""
        if origin.is_address:
            return [origin.host]
        answer, now = self._known.get(origin), time.monotonic()
        if answer is None or answer.good_until <= now:
            lookup = self._lookups.get(origin) or self._look_up(origin)
            if answer is None or not answer.addresses or answer.good_until + STALE_SECONDS <= now:
                # Others wait for the same one: who leaves does not end it.
                answer = await asyncio.shield(lookup)
        if answer.error:
            raise UpstreamUnreachable(f"The name of the backend cannot be resolved: {answer.error}")
        return answer.addresses

    def _look_up(self, origin: Origin) -> asyncio.Task[_Answer]:
        lookup = self._lookups[origin] = asyncio.create_task(self._ask(origin))
        lookup.add_done_callback(lambda _: self._lookups.pop(origin, None))
        return lookup

    async def _ask(self, origin: Origin) -> _Answer:
        try:
            found = await self._resolver.resolve(origin.host, origin.port, socket.AF_UNSPEC)
        except OSError as error:
            answer = _Answer([], str(error) or type(error).__name__, time.monotonic() + FAILED_SECONDS)
        else:
            answer = _Answer([one["host"] for one in found], "", time.monotonic() + DNS_SECONDS)
        if len(self._known) >= _NAMES_MAX:
            self._known.clear()
        self._known[origin] = answer
        return answer
