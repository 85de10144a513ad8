"""One request on its connection: implements `engine.request.Client`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Protocol

from apps.gateway.bounds import FRAMING_BYTES_MAX, FRAMING_BYTES_PER_BYTE, SKIPPED_BODY_MAX
from apps.gateway.engine.messages.headers import BadFraming, body_length
from apps.gateway.engine.messages.problems import BodyInvalid
from apps.gateway.engine.messages.request import ClientGone, Header
from apps.gateway.runtime import Runtime

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii") for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_WITHOUT_BODY = frozenset({101, 204, 304})
_UNKNOWN = float("inf")


class CallConnection(Protocol):
    """What a call needs of the connection that it came on."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    runtime: Runtime
    buffer_max: int
    is_lost: bool
    is_writable: bool

    async def writable(self) -> None: ...

    def hold_reading(self) -> None: ...

    def go_on_reading(self) -> None: ...

    def answered(self, call: "ServerCall") -> None:
        """The answer is written."""
        ...

    def broke_off(self, call: "ServerCall") -> None:
        """The answer will not be whole."""
        ...


class ServerCall:
    def __init__(
        self,
        connection: CallConnection,
        *,
        method: str,
        target: bytes,
        headers: list[Header],
        http_version: str,
        keeps_alive: bool,
        may_tunnel: bool,
    ) -> None:
        self._connection = connection
        self.method = method
        self.target = target
        self.headers = headers
        self.http_version = http_version
        self.keeps_alive = keeps_alive
        self.may_tunnel = may_tunnel
        self.is_tunnel = False
        self.has_started = False
        self.is_over = False  # the answer is written
        self.is_body_whole = False
        self._is_skipped = False
        self._has_continued = False
        self._is_lost = connection.is_lost
        self._invalid: BodyInvalid | None = None
        self.received = 0  # bytes of the body
        self.framed = 0  # and bytes that they came in
        self._is_chunked = False
        self.is_cut_by_close = True
        self._pieces: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._when_gone: Callable[[], None] | None = None

    # --- the engine -----------------------------------------------------------------------------

    async def body(self) -> AsyncIterator[bytes]:
        connection = self._connection
        if not (self.is_body_whole or self._pieces or self.has_started) and self._expects_continue():
            connection.transport.write(_CONTINUE)
            self._has_continued = True
        while True:
            while not self._pieces:
                if self._invalid is not None:
                    raise self._invalid
                if self.is_body_whole and not self.is_tunnel:
                    return
                if self._is_lost:
                    raise ClientGone
                await self._piece()
            data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            connection.go_on_reading()
            yield data

    def when_gone(self, callback: Callable[[], None]) -> None:
        if self._is_lost:
            callback()
        else:
            self._when_gone = callback

    async def answer(self, status: int, headers: list[Header], body: bytes) -> None:
        head = self._head(status, headers, length=len(body))
        if not self._connection.is_lost:
            self._connection.transport.write(head + body if self._has_body(status) else head)
        self._finished()

    async def start(self, status: int, headers: list[Header]) -> None:
        head = self._head(status, headers, length=None)
        if status == 101:
            self.is_tunnel = True
        await self._write(head)

    async def write(self, data: bytes) -> None:
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    async def finish(self, data: bytes = b"") -> None:
        if self._is_chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        if data and not self._connection.is_lost:
            self._connection.transport.write(data)
        self._finished()

    def abort(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._connection.broke_off(self)

    # --- the connection ---------------------------------------------------------------------------

    @property
    def unread(self) -> float:
        """The declared length of the body: infinity where its end is not known before it comes, or not clear."""
        try:
            length = body_length(self.headers)
        except BadFraming:
            return _UNKNOWN
        return _UNKNOWN if length is None else length

    @property
    def has_unread_body(self) -> bool:
        """Whether a body follows its head, which stays a request whatever else the head asks for."""
        return not self.may_tunnel and self.method != "CONNECT" and self.unread > 0

    @property
    def is_clear(self) -> bool:
        """Whether it can be said where the request ends."""
        try:
            body_length(self.headers)
        except BadFraming:
            return False
        return True

    def take(self, data: bytes) -> int:
        """A piece of the body, or of the tunnel; returns how much waits for its reader."""
        self.received += len(data)
        if self._is_skipped:
            return 0
        self._pieces.append(data)
        self._size += len(data)
        if self.may_tunnel and self._size > self._connection.buffer_max:
            self._connection.hold_reading()
        self._wake()
        return self._size

    def body_ended(self) -> None:
        self.is_body_whole = True
        self._wake()

    @property
    def is_padded(self) -> bool:
        """Whether its chunks carry much more than the body that they frame."""
        return self.framed - self.received > FRAMING_BYTES_MAX + FRAMING_BYTES_PER_BYTE * self.received

    def body_is_invalid(self, why: BodyInvalid) -> None:
        """It cannot be read on. Whoever reads it answers, and the connection ends behind that."""
        self._invalid = why
        self.keeps_alive = False
        self._pieces.clear()
        self._wake()

    def skip(self) -> None:
        """Nobody reads the rest of the body."""
        self._is_skipped = True
        self._pieces.clear()
        self._size = 0

    def lost(self) -> None:
        """The client has left, or says nothing more that could be understood."""
        self._is_lost = True
        self._wake()
        callback, self._when_gone = self._when_gone, None
        if callback is not None:
            callback()

    # --- inside -------------------------------------------------------------------------------------

    def _expects_continue(self) -> bool:
        return self.http_version != "1.0" and any(
            name == b"expect" and value.strip().lower() == b"100-continue" for name, value in self.headers
        )

    def _is_waiting_to_continue(self) -> bool:
        """Whether the client sends its body only when it is told to, and will not be."""
        return not self._has_continued and self._size == 0 and self._expects_continue()

    async def _piece(self) -> None:
        self._waiter = self._connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _has_body(self, status: int) -> bool:
        return self.method != "HEAD" and status not in _WITHOUT_BODY

    def _head(self, status: int, headers: list[Header], *, length: int | None) -> bytes:
        """The head as bytes; decides how the end of the body is shown. `length`: of a whole body, if it is known."""
        self.has_started = True
        is_last = (b"connection", b"close") in headers
        if is_last or (not self.is_body_whole and (self.unread > SKIPPED_BODY_MAX or self._is_waiting_to_continue())):
            self.keeps_alive = False
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
        lines += map(b": ".join, headers)
        is_framed = length is not None or any(name == b"content-length" for name, _ in headers)
        if not is_framed and self._has_body(status):
            if self.http_version == "1.0":
                self.keeps_alive = self.is_cut_by_close = False
            else:
                self._is_chunked = True
                lines.append(b"transfer-encoding: chunked")
        if status == 101:
            self.keeps_alive = False
        elif not self.keeps_alive and not is_last:
            lines.append(b"connection: close")
        elif self.keeps_alive and self.http_version == "1.0":
            lines.append(b"connection: keep-alive")
        lines.append(b"\r\n")
        return b"\r\n".join(lines)

    async def _write(self, data: bytes) -> None:
        connection = self._connection
        if connection.is_lost:
            return
        connection.transport.write(data)
        if connection.is_writable:
            return
        try:
            async with asyncio.timeout(connection.runtime.config.client_idle_seconds):
                await connection.writable()
        except TimeoutError:
            raise ClientGone from None

    def _finished(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._when_gone = None
            self._connection.answered(self)
