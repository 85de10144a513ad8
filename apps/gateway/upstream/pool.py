"""The connections of one product to one origin: the one used last is used first, so that few stay open."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from apps.gateway.engine.entities import Timeouts
from apps.gateway.engine.ports import UpstreamBusy
from apps.gateway.upstream.connection import Connection
from apps.gateway.upstream.watch import Watch

CONNECTIONS_MAX = 256
# How long a request waits for one of them, in all; at most half of the time that its whole call has.
POOL_SECONDS = 2.0
# Short, because a backend may close an idle connection at any time, and a POST cannot be sent again.
KEEPALIVE_SECONDS = 15.0

Dial = Callable[[Callable[[], Connection], float], Awaitable[Connection]]


class Pool:
    def __init__(self, dial: Dial, watch: Watch) -> None:
        """`dial` makes a connection out of the factory that it is given, within so many seconds."""
        self._watch = watch
        self._dial = dial
        self._loop = asyncio.get_running_loop()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._dialling = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_empty(self) -> bool:
        return not (self._open or self._dialling or self._waiting)

    @property
    def counts(self) -> tuple[int, int]:
        """How many connections are open, and how many of them idle."""
        return len(self._open), len(self._idle)

    async def take(self, timeouts: Timeouts) -> Connection:
        """A connection for one request. Raises `UpstreamBusy`, `UpstreamUnreachable` or `UpstreamTimeout`."""
        deadline = 0.0
        while True:
            idle = self._idle
            while idle:
                connection = idle.pop()
                if connection.is_silent:
                    return connection
                connection.abort()
            if len(self._open) + self._dialling < CONNECTIONS_MAX:
                return await self._connect(timeouts.connect_seconds)
            # Who came in between may have taken what this one was woken for: it waits no longer for that.
            deadline = deadline or self._loop.time() + _longest_wait(timeouts)
            await self._wait(deadline)

    async def fresh(self, connect_seconds: float) -> Connection:
        """A connection that was never used, for a request that met a stale one."""
        return await self._connect(connect_seconds)

    def close_idle(self, *, older_than: float) -> None:
        """Close what is idle since before that instant of the loop."""
        while self._idle and self._idle[0].free_since < older_than:
            self._idle.pop(0).close()

    def abort(self) -> None:
        for connection in list(self._open):
            connection.abort()

    async def _connect(self, connect_seconds: float) -> Connection:
        self._dialling += 1
        try:
            connection = await self._dial(
                lambda: Connection(on_free=self._free, on_lost=self._lost, watch=self._watch), connect_seconds
            )
        finally:
            self._dialling -= 1
            self._wake()
        self._open.add(connection)
        return connection

    async def _wait(self, deadline: float) -> None:
        waiter, is_woken = self._loop.create_future(), False
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
            is_woken = True
        except TimeoutError:
            raise UpstreamBusy(
                f"All {CONNECTIONS_MAX} connections of this gateway process to the backend of this product are in use."
            ) from None
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not is_woken:
                self._wake()  # it was this one's turn

    def _free(self, connection: Connection) -> None:
        connection.free_since = self._loop.time()
        self._idle.append(connection)
        self._wake()

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


def _longest_wait(timeouts: Timeouts) -> float:
    return POOL_SECONDS if timeouts.total_seconds is None else min(POOL_SECONDS, timeouts.total_seconds / 2)
