"""The client of creators' backends, on aiohttp: bytes in, bytes out, and nothing dialled that is not allowed.

The guard stands where a socket is made, after DNS: a name that answers differently the second time gains
nothing. Redirects are the consumer's to follow, cookies pass as headers, bodies are not decompressed.
"""

import asyncio
import errno
import select
import socket
from collections.abc import AsyncIterator, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from apps.core.addresses import AddressRefused, check_asked, check_dialled, is_limited, origins
from apps.core.resolving import guarded_resolver
from apps.gateway.engine.ports import (
    UpstreamAborted,
    UpstreamAnswer,
    UpstreamInvalid,
    UpstreamRequest,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from apps.gateway.engine.request import Header

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

CONNECT_SECONDS = 5.0
# Waiting for a place in the pool and connecting, together.
POOL_SECONDS = 10.0
# No byte of a begun answer for so long: the backend is given up.
IDLE_SECONDS = 120.0
# Short, because a backend may close an idle connection at any time, and a POST cannot be sent again.
KEEPALIVE_SECONDS = 15.0
DNS_SECONDS = 10
CONNECTIONS_MAX = 2000
CONNECTIONS_PER_HOST_MAX = 256
HEAD_LINE_MAX = 32 * 1024
HEADERS_MAX = 256

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# What aiohttp would otherwise add.
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class _ConnectionLost(aiohttp.ClientError):
    """No answer came on a connection. A type of its own, so that aiohttp does not repeat by its own rules."""

    def __init__(self, error: Exception, *, was_pooled: bool) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.was_pooled = was_pooled


class _Connector(aiohttp.TCPConnector):
    """A pool that takes nothing for granted: a connection on which something came while it was idle is closed.

    That is its end, or bytes that nobody asked for, which aiohttp would take for the answer to the next request.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[ResponseHandler] = WeakSet()
        # The requests that were given a connection out of the pool.
        self.pooled_for: WeakSet[aiohttp.ClientRequest] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert protocol is not None
            if protocol not in self._used:
                self._used.add(protocol)
                return connection
            if _is_silent(protocol):
                self.pooled_for.add(req)
                return connection
            connection.close()


def _is_silent(protocol: ResponseHandler) -> bool:
    """Whether nothing has come, neither to us nor to the socket."""
    if protocol.should_close or protocol.transport is None:
        return False
    poll = select.poll()
    poll.register(protocol.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poll.poll(0)


class AiohttpUpstream:
    """Implements `engine.ports.Upstream`. `start` and `stop` run in the loop that calls it."""

    def __init__(self, *, allow: Collection[str], resolver: AbstractResolver | None = None) -> None:
        """`allow` lists exceptions (`ip:port`, `ip:port/path`) from the rule that only public addresses are dialled."""
        self._allow = frozenset(allow)
        self._dialled = origins(allow)
        self._has_limits = any(map(is_limited, allow))
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._connector = _Connector(
            limit=CONNECTIONS_MAX,
            limit_per_host=CONNECTIONS_PER_HOST_MAX,
            keepalive_timeout=KEEPALIVE_SECONDS,
            ttl_dns_cache=DNS_SECONDS,
            resolver=guarded_resolver(self._allow, self._resolver),
            socket_factory=self._guarded_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_field_size=HEAD_LINE_MAX,
            max_line_size=HEAD_LINE_MAX,
            max_headers=HEADERS_MAX,
            middlewares=(self._without_repetition,),
            skip_auto_headers=_NOT_ADDED,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Forward; see the port. A request that met a pooled connection just closed by the backend is sent
        once more when it may be: an idempotent method and no body."""
        try:
            try:
                return await self._attempt(request)
            except _ConnectionLost as error:
                if not error.was_pooled or request.method not in _REPEATABLE or request.body is not None:
                    raise
                return await self._attempt(request)
        except TimeoutError as error:
            raise UpstreamTimeout(str(error) or "no answer in time") from error
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL, AddressRefused) as error:
            raise UpstreamUnreachable(str(error)) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise UpstreamInvalid(f"{type(error).__name__}: {error}") from error

    async def _attempt(self, request: UpstreamRequest) -> "AiohttpAnswer":
        assert self._session is not None
        if self._has_limits:
            check_asked(request.url, allow=self._allow)
        deadline = _FirstByte(request.first_byte_seconds)
        async with deadline:
            response = await self._session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=_headers(request.headers),
                data=None if request.body is None else deadline.extended_by(request.body),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=POOL_SECONDS,
                    sock_connect=CONNECT_SECONDS,
                    sock_read=max(IDLE_SECONDS, request.first_byte_seconds + 1),
                ),
            )
        return AiohttpAnswer(response)

    async def _without_repetition(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        try:
            return await handler(request)
        except (aiohttp.ClientConnectorError, TimeoutError):
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise _ConnectionLost(error, was_pooled=request in self._connector.pooled_for) from error

    def _guarded_socket(self, address_info: "aiohttp.AddrInfoType") -> socket.socket:
        """The socket for one address that DNS gave (or the URL named), unless it may not be dialled."""
        family, kind, protocol, _, address = address_info
        try:
            check_dialled(str(address[0]), int(address[1]), allow=self._dialled)
        except AddressRefused as error:
            raise OSError(errno.EACCES, error.message) from None
        return socket.socket(family, kind, protocol)


class AiohttpAnswer:
    """An answer whose body is read as it comes.

    Where the parser stops in the middle of a body (a chunk size that is none), aiohttp closes the connection
    and tells nobody who reads the body. So this listens for the end of the connection itself.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._headers = [(name.lower(), value) for name, value in response.raw_headers]
        connection = response.connection  # None where the whole answer is there already
        protocol = connection.protocol if connection is not None else None
        self._closed = protocol.closed if protocol is not None else None
        if self._closed is not None:
            self._closed.add_done_callback(self._connection_closed)

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> list[Header]:
        return self._headers

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except TimeoutError as error:
            raise UpstreamTimeout("the answer stopped in the middle") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamAborted(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Does nothing where the whole answer was read: its connection is back in the pool by then."""
        if self._closed is not None:
            self._closed.remove_done_callback(self._connection_closed)
        self._response.close()

    def _connection_closed(self, closed: "asyncio.Future[None]") -> None:
        if not closed.cancelled():
            closed.exception()  # seen
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection ended before the answer"))


# The event loop counts whole milliseconds, and may fire a timer that much too soon: a backend is to have its full time.
_TIMER_EARLY_SECONDS = 0.001


class _FirstByte:
    """The time to the first byte of the answer; it begins anew with every piece of the body that is taken."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds + _TIMER_EARLY_SECONDS
        self._timeout = asyncio.timeout(self._seconds)
        self._is_waiting = False

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._is_waiting = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_waiting = False
        await self._timeout.__aexit__(kind, error, traceback)

    async def extended_by(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in body:
            self._begin_anew()
            yield piece
        self._begin_anew()

    def _begin_anew(self) -> None:
        # The answer may have come while the body is still on its way.
        if self._is_waiting and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)


def _headers(headers: list[Header]) -> "CIMultiDict[str]":
    return CIMultiDict((name.decode("ascii"), value.decode("utf-8")) for name, value in headers)
