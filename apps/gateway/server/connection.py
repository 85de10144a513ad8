"""A client's connection: its requests are given to the engine one after another, and answered in their order."""

import asyncio
import socket
import struct
from collections import deque
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from apps.gateway.bounds import (
    HEAD_SECONDS,
    LINGER_BYTES,
    LINGER_SECONDS,
    SKIPPED_BODY_MAX,
)
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import BodyInvalid, Problem
from apps.gateway.refusals import refusal
from apps.gateway.requests import gateway_request
from apps.gateway.runtime import Runtime
from apps.gateway.server.call import ServerCall
from apps.gateway.server.intake import BODY_BUFFER_MAX, Intake
from apps.gateway.server.plain import serve_plain

# So much of an answer lies in the kernel that the network did not take yet.
UNSENT_MAX = 128 * 1024
# How exactly these times are kept.
TICK_SECONDS = 5.0
# Paths of the process itself, which the application serves.
PLAIN_PREFIX = b"/_gateway/"

# What came is read so much at a time, for so long; then other connections have their turn.
TURN_BYTES = 8 * 1024
TURN_SECONDS = 0.002

# What waits behind a call of the same connection: so many bytes, and the client is held back.
WAITING_BYTES_MAX = 64 * 1024
# What a call takes besides its head and body.
CALL_BYTES = 2048

# A connection that is closed with this ends with a reset, and not as if all had been said.
_NO_LINGER = struct.pack("ii", 1, 0)


class GatewayConnection(asyncio.Protocol):
    """What uvicorn makes for each connection. The runtime comes from the application's lifespan state."""

    buffer_max = BODY_BUFFER_MAX

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.loop = _loop or asyncio.get_running_loop()
        self.runtime: Runtime = app_state["runtime"]
        self._application = config.loaded_app
        self._idle_seconds = config.timeout_keep_alive
        self._connections = server_state.connections
        self._tasks = server_state.tasks
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._intake = Intake(self)
        self._peer = ""
        self._scheme = "http"
        # The call that is being answered, and those behind it.
        self._current: ServerCall | None = None
        self._waiting: deque[ServerCall] = deque()
        self._waiting_bytes = 0
        self._is_clogged = False  # the client has not taken its last answer, so nothing more is answered
        self._is_reading = True  # what comes, and the rest of what came
        self._is_paused = False  # the transport
        self._rest = b""
        self._turn: asyncio.Handle | None = None
        self.is_stopping = False
        self._lingered: int | None = None  # how much was taken into nowhere
        self._last_words = b""  # to what could not be read
        self._writable: asyncio.Future[None] | None = None
        self._untaken = 0  # bytes that the network had not taken when that was looked at
        self.is_writable = True
        self.is_lost = False
        # When something must have happened: the whole head, or the first byte of the next request.
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # --- asyncio.Protocol and uvicorn -----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked with isinstance: uvloop's transports are no asyncio.Transport.
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(cast("Any", self))
        # What a client does not take waits at the backend, and not in this machine's kernel.
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._scheme = "https" if transport.get_extra_info("ssl_object") else "http"
        self._expect_within(HEAD_SECONDS)
        self._timer = self.loop.call_later(min(HEAD_SECONDS, TICK_SECONDS), self._look_at_the_clock)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(cast("Any", self))
        self.is_lost = True
        if self._timer is not None:
            self._timer.cancel()
        if self._turn is not None:
            self._turn.cancel()
        self._rest = b""
        self.resume_writing()
        incoming = self._intake.close()
        calls = (self._current, incoming, *self._waiting)
        # What they hold of the client ends with them, and does not wait for a garbage collector that seldom looks.
        self._current = None
        self._waiting.clear()
        self._intake.forget()
        for call in calls:
            if call is not None:
                call.lost()

    def eof_received(self) -> bool:
        return False  # a client that has closed its side has left

    def data_received(self, data: bytes) -> None:
        if len(data) <= TURN_BYTES:
            self.take(data)
        else:
            self._take_in_turns(data)

    def take(self, data: bytes) -> None:
        """The next bytes, for whatever reads them now."""
        if self._lingered is not None:
            self._linger(len(data))
            return
        intake = self._intake
        if not intake.is_open:  # a tunnel, or a connection that is about to close
            if intake.tunnelled is not None and not intake.tunnelled.is_over:
                intake.tunnelled.take(data)
            return
        if not intake.in_head and intake.incoming is None:
            intake.in_head = True  # the first byte of another request
            self._expect_within(HEAD_SECONDS)
        intake.feed(data)

    def pause_writing(self) -> None:
        self.is_writable = False

    def resume_writing(self) -> None:
        self.is_writable = True
        waiter, self._writable = self._writable, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if self._is_clogged and not self.is_lost:
            self._is_clogged = False
            self._go_on()

    def shutdown(self) -> None:
        """The process stops: the call on its way is finished, and no other one begins."""
        self.is_stopping = True
        if self._current is None:
            self.transport.close()
        else:
            self._current.keeps_alive = False

    # --- used by the intake ---------------------------------------------------------------------

    def head_ended(self) -> None:
        self._deadline = inf  # a call has times of its own

    def call_came(self, call: ServerCall, head_bytes: int) -> None:
        """Its head is whole. Its turn is when all before it are answered."""
        if self._current is None and not self._is_clogged:
            self._begin(call)
        else:
            self._waiting.append(call)
            self._wait_with(CALL_BYTES + head_bytes)

    def body_came(self, call: ServerCall, size: int) -> None:
        """A piece of its body."""
        if call is not self._current:
            self._wait_with(size)

    def call_is_over(self, call: ServerCall) -> None:
        """It is answered, and its request was read to the end."""
        self._current = None
        if self.is_writable or self.is_stopping:
            self._go_on()
        else:
            self._is_clogged = True
            self.hold_reading()
            self._expect_to_be_taken()

    def _go_on(self) -> None:
        """With what waits, or to wait for it."""
        if self.is_stopping:
            self._close()
        elif self._waiting:
            self._begin(self._waiting.popleft())
            if not self._waiting:
                self._waiting_bytes = 0
            self.go_on_reading()
        elif not self._intake.is_open:
            self._close()
        else:
            if not self._intake.in_head:
                self._expect_within(self._idle_seconds)
            self.go_on_reading()

    def refuse(self, problem: Problem, detail: str = "") -> None:
        """What came cannot be read: answer and close, once every whole request before it is answered."""
        call = self._intake.close()
        if call is not None and call is self._current and not call.is_over:
            call.body_is_invalid(BodyInvalid(problem, detail))  # and the engine answers
            self.hold_reading()
            return
        self._last_words = refusal(problem, detail)
        if call is not None:  # its body is what failed
            if call in self._waiting:
                self._waiting.remove(call)
            else:
                self._current = None
                self._last_words = b""
            call.lost()
        if self._current is None and not self._waiting:
            self._close()
        else:
            self.hold_reading()

    # --- used by the call -----------------------------------------------------------------------

    async def writable(self) -> None:
        """Wait until the client has read. Only one call writes at a time."""
        if not self.is_writable and not self.is_lost:
            self._writable = self.loop.create_future()
            await self._writable

    def go_on_reading(self) -> None:
        if not self._is_reading and not self.is_lost and self._may_read_on() and not self._last_words:
            self._is_reading = True
            self._read_on()

    def hold_reading(self) -> None:
        if self._is_reading and not self.is_lost:
            self._is_reading = False
            self._pause()

    def answered(self, call: ServerCall) -> None:
        """The answer is written: the next request has its turn, or the connection ends."""
        if call.keeps_alive and call.is_body_whole:
            self.call_is_over(call)
        elif not call.keeps_alive and call.is_body_whole:
            self._current = None
            self._last_words = b""  # what follows was not asked for
            self._close()
        elif call.unread <= SKIPPED_BODY_MAX and call.keeps_alive:
            call.skip()
            self._expect_within(LINGER_SECONDS)
            self.go_on_reading()  # and `call_is_over` follows
        else:
            self._current = self._intake.incoming = None
            self._waiting.clear()
            self._lingered = 0
            self._expect_within(LINGER_SECONDS)
            if not self.is_lost and self.transport.can_write_eof():
                self.transport.write_eof()
            self.go_on_reading()

    def _handled(self, call: ServerCall, task: "asyncio.Task[None]") -> None:
        """The engine is done with it: an answer that is not whole by now will never be."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()
        call.abort()
        call.skip()  # whatever is left of its body

    def broke_off(self, call: ServerCall) -> None:
        """The answer will not be whole: end the connection so that this is seen."""
        self._intake.close()
        self._waiting.clear()
        if self.is_lost:
            return
        if call.is_cut_by_close and self.is_writable:
            self.transport.close()
            self._expect_to_be_taken()
            return
        if not call.is_cut_by_close:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    # --- inside -----------------------------------------------------------------------------------

    def _begin(self, call: ServerCall) -> None:
        self._current = call
        runtime = self.runtime
        if call.target.startswith(PLAIN_PREFIX):
            work = serve_plain(self._application, call, peer=self._peer, scheme=self._scheme)
        else:
            work = runtime.engine.handle(
                gateway_request(
                    method=call.method,
                    target=call.target,
                    headers=call.headers,
                    peer=self._peer,
                    scheme=self._scheme,
                    http_version=call.http_version,
                    client=call,
                    trusted_proxy_hops=runtime.trusted_proxy_hops,
                )
            )
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._handled, call))

    def _take_in_turns(self, data: bytes) -> None:
        """A quarter of a megabyte may be thousands of requests or chunks, which would keep all others waiting."""
        until, at = perf_counter() + TURN_SECONDS, 0
        while at < len(data):
            self.take(data[at : at + TURN_BYTES])
            at += TURN_BYTES
            if not self._is_reading or perf_counter() > until:
                break
        self._rest = data[at:]
        if self._rest and self._is_reading:
            self._pause()
            self._read_on()

    def _next_turn(self) -> None:
        self._turn = None
        if self._is_reading:
            data, self._rest = self._rest, b""
            self._take_in_turns(data)
            if self._is_reading:
                self._read_on()

    def _read_on(self) -> None:
        """First the rest of what came, then more."""
        if self._rest:
            if self._turn is None:
                self._turn = self.loop.call_soon(self._next_turn)
        elif self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.transport.pause_reading()

    def _may_read_on(self) -> bool:
        """Whether more requests may come in: one that is not read does not show that its client has left."""
        return self._waiting_bytes <= WAITING_BYTES_MAX and not self._is_clogged

    def _wait_with(self, size: int) -> None:
        self._waiting_bytes += size
        if not self._may_read_on():
            self.hold_reading()

    def _linger(self, size: int) -> None:
        assert self._lingered is not None
        self._lingered += size
        if self._lingered > LINGER_BYTES:
            self._close()

    def _expect_within(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def _look_at_the_clock(self) -> None:
        """One timer that ticks for the life of the connection: most of the time nothing is late."""
        if self.loop.time() >= self._deadline:
            self._deadline = inf
            if self._is_clogged or self.transport.is_closing():
                self._give_up_unless_it_takes_some()
            elif self._lingered is not None or not self._intake.in_head:
                self._close()
            else:
                self.refuse(problems.REQUEST_TIMEOUT, "The head of the request did not come in time.")
        if not self.is_lost:
            self._timer = self.loop.call_later(min(HEAD_SECONDS, TICK_SECONDS), self._look_at_the_clock)

    def _close(self) -> None:
        self._intake.close()
        if not self.is_lost:
            if self._last_words:
                self.transport.write(self._last_words)
                self._last_words = b""
            self.transport.close()
            self._expect_to_be_taken()

    def _expect_to_be_taken(self) -> None:
        """What is written, or some of it, soon."""
        self._untaken = self.transport.get_write_buffer_size()
        self._expect_within(self.runtime.config.client_idle_seconds)

    def _give_up_unless_it_takes_some(self) -> None:
        if self.transport.get_write_buffer_size() < self._untaken:
            self._expect_to_be_taken()
        else:
            self.transport.abort()
