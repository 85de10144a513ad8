"""Requests to backends over pooled connections: implements `engine.ports.Upstream`.

Redirects are the consumer's to follow, cookies pass as headers, bodies are not decompressed. A request that met a
pooled connection just closed by the backend is sent once more where it may be: an idempotent method and no body, and
the connection ended at once.
"""

import asyncio
from collections.abc import Collection

from aiohttp.abc import AbstractResolver

from apps.core.addresses import AddressRefused, check_asked, is_limited
from apps.core.ending import end_tasks
from apps.gateway.engine.ports import UpstreamRequest, UpstreamUnreachable
from apps.gateway.upstream.answer import Answer, ConnectionLost
from apps.gateway.upstream.connection import Connection
from apps.gateway.upstream.dialer import Dialer
from apps.gateway.upstream.origin import Origin, parse_base
from apps.gateway.upstream.pool import KEEPALIVE_SECONDS, Pool
from apps.gateway.upstream.uploads import send_body
from apps.gateway.upstream.watch import Watch
from apps.gateway.upstream.wire import request_head

_SWEEP_SECONDS = 5.0
# The event loop counts whole milliseconds, and may fire a timer that much too soon: a backend is to have its full time.
_TIMER_EARLY_SECONDS = 0.001

# A connection that was closed while it was idle says so within a round trip. One that ends later had a request that the
# backend worked on, and that is not asked for again.
_STALE_SECONDS = 0.5
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class PooledUpstream:
    """`start` and `stop` run in the loop that calls it."""

    def __init__(self, *, allow: Collection[str], resolver: AbstractResolver | None = None) -> None:
        """`allow` lists exceptions (`ip:port`, `ip:port/path`) from the rule that only public addresses are dialled."""
        self._allow = frozenset(allow)
        self._has_limits = any(map(is_limited, allow))
        self._resolver = resolver
        self._pools: dict[tuple[int, str], Pool] = {}  # by product and base URL
        self._uploads: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch = Watch()
        self._dialer = Dialer(allow=self._allow, resolver=self._resolver)
        self._sweep()

    async def stop(self) -> None:
        if self._sweeping is None:
            return
        self._sweeping.cancel()
        await end_tasks(*self._uploads)
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
        pool = self._pools.get((request.product_id, request.base)) or self._new_pool(request, base.origin)
        connection = await pool.take(request.timeouts)
        head = request_head(request, base)
        seconds, asked_at = request.timeouts.first_byte_seconds, self._loop.time()
        try:
            return await self._attempt(request, head, connection, seconds)
        except ConnectionLost:
            passed = self._loop.time() - asked_at
            is_stale = connection.was_used and passed < _STALE_SECONDS
            if not is_stale or request.method not in _REPEATABLE or request.body is not None:
                raise
        fresh = await pool.fresh(request.timeouts.connect_seconds)
        return await self._attempt(request, head, fresh, seconds - passed)

    async def _attempt(self, request: UpstreamRequest, head: bytes, connection: Connection, seconds: float) -> Answer:
        body, seconds = request.body, seconds + _TIMER_EARLY_SECONDS
        answer = connection.begin(request.method, head, is_whole=body is None, may_change=request.may_change)
        answer.idle_seconds = request.timeouts.idle_seconds
        try:
            if body is not None:
                answer.upload = asyncio.create_task(
                    send_body(connection, body, is_chunked=request.is_chunked, answer=answer, seconds=seconds)
                )
                self._uploads.add(answer.upload)
                answer.upload.add_done_callback(self._uploads.discard)
            await answer.head(seconds)
        except BaseException:
            answer.close()
            raise
        return answer

    def _new_pool(self, request: UpstreamRequest, origin: Origin) -> Pool:
        pool = self._pools[request.product_id, request.base] = Pool(
            lambda make, seconds: self._dialer.dial(origin, make, connect_seconds=seconds), self._watch
        )
        return pool

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for key, pool in list(self._pools.items()):
            pool.close_idle(older_than=loop.time() - KEEPALIVE_SECONDS)
            if pool.is_empty:
                del self._pools[key]
        self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)
