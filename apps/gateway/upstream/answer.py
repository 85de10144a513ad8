"""The answer of a backend on its way in: its head is awaited, its body read piece by piece."""

import asyncio
from typing import Protocol

from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.ports import UpstreamAborted, UpstreamError, UpstreamInvalid, UpstreamTimeout
from apps.gateway.upstream.watch import Watch

# So much of a body waits for its reader before the backend is held back.
BUFFER_MAX = 64 * 1024


class ConnectionLost(UpstreamInvalid):
    """The connection ended before the head of the answer."""


class _Line(Protocol):
    """The connection, as its answer needs it."""

    async def write(self, data: bytes) -> None: ...
    def abort(self) -> None: ...
    def hold(self) -> None: ...
    def go_on(self) -> None: ...


class Answer:
    """Implements `engine.ports.UpstreamAnswer`; the connection puts in what comes."""

    __slots__ = (
        "_error", "_held", "_is_detached", "_is_ended", "_line", "_loop", "_message", "_pieces", "_size", "_waiter",
        "_watch", "deadline", "headers", "idle_seconds", "status", "upload",
    )  # fmt: skip

    def __init__(self, line: _Line, watch: Watch) -> None:
        """`watch` says when it has waited for too long."""
        self._line = line
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._size = 0
        self._held = False
        self._is_ended = False
        self._is_detached = False
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._message = ""
        self.deadline = 0.0
        self.idle_seconds = 0.0
        self.upload: asyncio.Task[None] | None = None  # of the request's body
        self.status = 0
        self.headers: list[Header] = []

    # --- the reader ---------------------------------------------------------------------------

    async def head(self, seconds: float) -> None:
        """Wait for the head. Raises `ConnectionLost`, `UpstreamInvalid` or `UpstreamTimeout`."""
        if not self.status and self._error is None:
            await self._wait(seconds, "The backend did not begin its answer in time.")
        if not self.status and self._error is not None:
            raise self._error

    def more_time(self, seconds: float) -> None:
        """Whoever waits for the head waits so long from now on; infinity: until this is called again."""
        if not self.status:
            self.deadline = self._loop.time() + seconds

    async def read(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self._is_ended:
                return b""
            if self._held:
                # Only now: what was read before has left for the client.
                self._held = False
                self._line.go_on()
            await self._wait(self.idle_seconds, "The answer stopped in the middle.")
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return data

    async def write(self, data: bytes) -> None:
        """To the backend, once it has changed to another protocol."""
        await self._line.write(data)

    def close(self) -> None:
        """Closes the connection, unless that is done with this exchange."""
        if not self._is_detached:
            self._is_detached = self._is_ended = True
            if self.upload is not None:
                self.upload.cancel()
            self._line.abort()

    # --- the connection -----------------------------------------------------------------------

    def begin(self, status: int, headers: list[Header]) -> None:
        self.status, self.headers = status, headers
        self._wake()

    def take(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size > BUFFER_MAX and not self._held:
            self._held = True
            self._line.hold()
        self._wake()

    def ended(self, *, detached: bool = True) -> None:
        """The message is whole; `detached`: what becomes of the connection is not its business any more."""
        self._is_ended, self._is_detached = True, detached
        if self._held:
            self._held = False
            self._line.go_on()
        self._wake()

    def lost(self, error: Exception | None) -> None:
        """The connection ended before the message did."""
        reason = f": {error}" if error else ""
        if self.status:
            self.failed(UpstreamAborted(f"The connection ended before the answer{reason}"))
        else:
            self.failed(ConnectionLost(f"The connection ended without an answer{reason}"))

    def failed(self, error: UpstreamError) -> None:
        if self._error is None and not self._is_ended:
            self._error = UpstreamAborted(str(error)) if self.status and type(error) is UpstreamInvalid else error
        self._wake()

    # --- inside -------------------------------------------------------------------------------

    async def _wait(self, seconds: float, message: str) -> None:
        self._waiter = self._loop.create_future()
        self._message = message
        self.deadline = self._loop.time() + seconds
        self._watch.add(self)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._watch.discard(self)

    def late(self) -> None:
        """What it waited for did not come in time; or the process was held up, and it has just been read."""
        if self._waiter is None or self._waiter.done():
            return
        self.failed(UpstreamTimeout(self._message))
        self._line.abort()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
