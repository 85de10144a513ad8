"""Requests to backends over pooled connections: implements `engine.ports.Upstream`.

Redirects are the consumer's to follow, cookies pass as headers, bodies are not decompressed. A request that met a
pooled connection just closed by the backend is sent once more where it may be: an idempotent method and no body.
"""

import asyncio
from collections.abc import Collection

from aiohttp.abc import AbstractResolver

from apps.core.addresses import AddressRefused, check_asked, is_limited
from apps.gateway.engine.ports import UpstreamRequest, UpstreamUnreachable
from apps.gateway.upstream.answer import Answer, ConnectionLost
from apps.gateway.upstream.connection import Connection
from apps.gateway.upstream.dialer import Dialer
from apps.gateway.upstream.origin import Origin, parse_base
from apps.gateway.upstream.pool import KEEPALIVE_SECONDS, Pool
from apps.gateway.upstream.uploads import send_body
from apps.gateway.upstream.wire import request_head

CONNECT_SECONDS = 5.0
# No byte of a begun answer for so long: the backend is given up.
IDLE_SECONDS = 120.0
_SWEEP_SECONDS = 5.0
# The event loop counts whole milliseconds, and may fire a timer that much too soon: a backend is to have its full time.
_TIMER_EARLY_SECONDS = 0.001

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class PooledUpstream:
    """`start` and `stop` run in the loop that calls it."""

    def __init__(self, *, allow: Collection[str], resolver: AbstractResolver | None = None) -> None:
        """`allow` lists exceptions (`ip:port`, `ip:port/path`) from the rule that only public addresses are dialled."""
        self._allow = frozenset(allow)
        self._has_limits = any(map(is_limited, allow))
        self._resolver = resolver
        self._pools: dict[Origin, Pool] = {}
        self._uploads: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        self._dialer = Dialer(allow=self._allow, resolver=self._resolver)
        self._sweep()

    async def stop(self) -> None:
        if self._sweeping is None:
            return
        self._sweeping.cancel()
        for task in self._uploads:
            task.cancel()
        await asyncio.gather(*self._uploads, return_exceptions=True)
        for pool in self._pools.values():
            pool.abort()
        await self._dialer.close()

    @property
    def counts(self) -> tuple[int, int]:
        """How many connections are open, and how many of them idle."""
        counts = [pool.counts for pool in self._pools.values()]
        return sum(count[0] for count in counts), sum(count[1] for count in counts)

    async def send(self, request: UpstreamRequest) -> Answer:
        base = parse_base(request.base)
        if self._has_limits:
            try:
                check_asked(request.url, allow=self._allow)
            except AddressRefused as error:
                raise UpstreamUnreachable(str(error)) from error
        pool = self._pools.get(base.origin) or self._new_pool(base.origin)
        connection = await pool.take()
        head = request_head(request, base)
        try:
            return await self._attempt(request, head, connection)
        except ConnectionLost:
            if not connection.was_used or request.method not in _REPEATABLE or request.body is not None:
                raise
        return await self._attempt(request, head, await pool.fresh())

    async def _attempt(self, request: UpstreamRequest, head: bytes, connection: Connection) -> Answer:
        body, seconds = request.body, request.first_byte_seconds + _TIMER_EARLY_SECONDS
        answer = connection.begin(request.method, head, is_whole=body is None, may_change=request.may_change)
        answer.idle_seconds = max(IDLE_SECONDS, request.first_byte_seconds)
        try:
            if body is not None:
                answer.upload = asyncio.create_task(
                    send_body(connection, body, is_chunked=request.is_chunked, taken=lambda: answer.more_time(seconds))
                )
                self._uploads.add(answer.upload)
                answer.upload.add_done_callback(self._uploads.discard)
            await answer.head(seconds)
        except BaseException:
            answer.close()
            raise
        return answer

    def _new_pool(self, origin: Origin) -> Pool:
        pool = self._pools[origin] = Pool(lambda make: self._dialer.dial(origin, make, connect_seconds=CONNECT_SECONDS))
        return pool

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for origin, pool in list(self._pools.items()):
            pool.close_idle(older_than=loop.time() - KEEPALIVE_SECONDS)
            if pool.is_empty:
                del self._pools[origin]
        self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)
