"""One connection to Redis, shared by everything in the process: commands leave in batches, replies come in order.

All commands of one turn of the event loop leave in one write. A command whose waiter is gone (cancelled, or told
that the server is too slow) keeps its place in the queue: its reply is taken and dropped. The server has carried
it out all the same, and what is sent after it is carried out after it.
"""

import asyncio
from collections import deque
from typing import Any, cast

import hiredis

_TICK_SECONDS = 0.015


class LinkDown(Exception):
    """Redis cannot be reached, does not answer in time, or refuses. What was sent may have been carried out."""


class _Pending:
    __slots__ = ("command", "future", "repeated")

    def __init__(self, command: bytes, future: "asyncio.Future[Any]") -> None:
        self.command = command
        self.future = future
        self.repeated = False


class Pipe(asyncio.Protocol):
    """`preload` are the SCRIPT LOAD commands that are sent again when the server has forgotten its scripts.

    After `stall_seconds` without an answer all waiters fail and new commands are refused until the server
    answers again; after `dead_seconds` the connection is given up. A turn of the loop that came late is not
    held against the server.
    """

    def __init__(self, *, preload: list[bytes], stall_seconds: float, dead_seconds: float, bound: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._preload = preload
        self._stall_seconds = stall_seconds
        self._dead_seconds = dead_seconds
        self._bound = bound
        self._reader = hiredis.Reader()
        self._pending: deque[_Pending] = deque()
        self._outgoing: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._watching = False
        self._silent_seconds = 0.0
        self._reloads = 0
        self.demoted = False
        self.closed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a command that is sent now can expect an answer."""
        return (
            self._transport is not None
            and not self._paused
            and self._silent_seconds < self._stall_seconds
            and len(self._pending) < self._bound
        )

    def send(self, command: bytes) -> "asyncio.Future[Any]":
        """The reply to an encoded command. Raises `LinkDown` at once where none can be expected."""
        if not self.is_open:
            raise LinkDown("Redis is not answering.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._enqueue(_Pending(command, future))
        return future

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked with isinstance: uvloop's transports are no asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        pending, self._pending = self._pending, deque()
        for entry in pending:
            if not entry.future.done():
                entry.future.set_exception(LinkDown("The connection to Redis was lost."))
        self.closed.set()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False

    def data_received(self, data: bytes) -> None:
        self._silent_seconds = 0.0
        try:
            self._reader.feed(data)
            # False is "no whole reply yet": it is no value of the protocol.
            while (reply := self._reader.gets()) is not False:
                self._answer(self._pending.popleft(), reply)
        except (hiredis.ProtocolError, IndexError):
            self.abort()

    # --- inside -------------------------------------------------------------------------------

    def _enqueue(self, entry: _Pending) -> None:
        self._pending.append(entry)
        self._outgoing.append(entry.command)
        if len(self._outgoing) == 1:
            self._loop.call_soon(self._flush)
        if not self._watching:
            self._watching = True
            self._silent_seconds = 0.0
            self._loop.call_later(_TICK_SECONDS, self._watch, self._loop.time() + _TICK_SECONDS)

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self._transport is not None:
            self._transport.write(b"".join(outgoing))

    def _answer(self, entry: _Pending, reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            text = str(reply)
            if text.startswith("NOSCRIPT") and not entry.repeated:
                self._repeat(entry)  # it was not carried out
                return
            if text.startswith("READONLY"):
                self.demoted = True
                self.abort()
            if not entry.future.done():
                entry.future.set_exception(LinkDown(text))
        elif not entry.future.done():
            entry.future.set_result(reply)

    def _repeat(self, entry: _Pending) -> None:
        if self._reloads == 0:
            for command in self._preload:
                loaded: asyncio.Future[Any] = self._loop.create_future()
                loaded.add_done_callback(self._reloaded)
                self._reloads += 1
                self._enqueue(_Pending(command, loaded))
        entry.repeated = True
        self._enqueue(entry)

    def _reloaded(self, loaded: "asyncio.Future[Any]") -> None:
        self._reloads -= 1
        loaded.exception()

    def _watch(self, due: float) -> None:
        if not self._pending:
            self._watching = False
            return
        now = self._loop.time()
        if now - due < _TICK_SECONDS:
            self._silent_seconds += _TICK_SECONDS
        if self._silent_seconds >= self._stall_seconds:
            for entry in self._pending:
                if not entry.future.done():
                    entry.future.set_exception(LinkDown("Redis does not answer."))
        if self._silent_seconds >= self._dead_seconds:
            self.abort()
        self._loop.call_later(_TICK_SECONDS, self._watch, now + _TICK_SECONDS)
