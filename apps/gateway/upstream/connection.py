"""One connection to a backend: an HTTP/1.1 request goes out, an answer comes in, one at a time.

Nothing is taken for granted of what is on the other side: bytes that nobody asked for close the connection, a head
has bounds, and an answer that is not whole is told from one that is.
"""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any, cast

import httptools

from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.ports import UpstreamError, UpstreamInvalid
from apps.gateway.upstream.answer import Answer
from apps.gateway.upstream.watch import Watch

HEAD_BYTES_MAX = 128 * 1024
HEAD_LINE_MAX = 32 * 1024
HEADERS_MAX = 256
INTERIM_MAX = 20
# Of an answer, what is not its body (head, chunk sizes, trailers): so much, and for each byte of the body so much.
FRAMING_BYTES_MAX = HEAD_BYTES_MAX + 64 * 1024
FRAMING_BYTES_PER_BYTE = 16
# The kernel's buffer for what was not read yet (it takes twice as much).
RECEIVED_MAX = 512 * 1024

_WITHOUT_BODY = frozenset({204, 304})


class Connection(asyncio.Protocol):
    """Made by the dialer; `on_free` is called when it may be used again, `on_lost` when it is gone."""

    def __init__(
        self, *, on_free: Callable[["Connection"], None], on_lost: Callable[["Connection"], None], watch: Watch
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_free = on_free
        self._on_lost = on_lost
        self._watch = watch
        self._transport: asyncio.Transport | None = None
        self._poll: select.poll | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None  # of the request that is on its way
        self._method = ""
        self._may_change = False
        self._is_sent = True
        self._is_writable = True
        self._writable: asyncio.Future[None] | None = None
        self._is_tunnel = False
        self.was_used = False
        self.free_since = 0.0
        self._begin_head()

    def _begin_head(self) -> None:
        self._headers: list[Header] = []
        self._head_bytes = 0
        self._has_framing = False
        self._in_body = False
        self._interim = 0
        self._received = 0  # bytes in all
        self._body_bytes = 0  # of them

    # --- used by the client -------------------------------------------------------------------

    @property
    def is_silent(self) -> bool:
        """Whether it is open and nothing has come while it was idle, neither to us nor to the socket."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not self._poll.poll(0)

    def bound_buffers(self) -> None:
        """What a backend sends faster than it is taken waits at the backend, and not in this machine's kernel."""
        assert self._transport is not None
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_MAX)

    def begin(self, method: str, data: bytes, *, is_whole: bool, may_change: bool = False) -> Answer:
        """Send the head of a request, and all of it where `is_whole`; else `write` and `sent` follow.

        `may_change`: the answer may be 101, and the connection a tunnel from then on.
        """
        assert self._transport is not None
        self._method = method
        self._may_change = may_change
        self._is_sent = is_whole
        self._begin_head()
        self._answer = answer = Answer(self, self._watch)
        self._transport.write(data)
        return answer

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; waits while the backend does not take it. Nothing once it is gone."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if not self._is_writable:
            self._writable = self._loop.create_future()
            await self._writable

    def sent(self) -> None:
        """The request is whole."""
        self._is_sent = True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def hold(self) -> None:
        """The reader of the answer is behind."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked with isinstance: uvloop's transports are no asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.resume_writing()
        answer, self._answer = self._answer, None
        if answer is not None:
            if self._is_tunnel or (error is None and self._in_body and not self._has_framing):
                answer.ended()
            else:
                answer.lost(error)
        self._on_lost(self)

    def eof_received(self) -> bool:
        return False  # closes: nobody answers half of a connection

    def pause_writing(self) -> None:
        self._is_writable = False

    def resume_writing(self) -> None:
        self._is_writable = True
        waiter, self._writable = self._writable, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._is_tunnel and self._answer is not None:
            self._answer.take(data)
            return
        if self._answer is None:
            self.abort()  # nobody asked for it
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
            if self._received - self._body_bytes > FRAMING_BYTES_MAX + FRAMING_BYTES_PER_BYTE * self._body_bytes:
                self._fail(UpstreamInvalid("Its answer has much more framing than body."))
        except httptools.HttpParserUpgrade as upgrade:
            if self._is_tunnel:
                if rest := data[upgrade.args[0] :]:
                    self._answer.take(rest)
                return
            self._fail(UpstreamInvalid("It changed to another protocol."))
        except httptools.HttpParserError as error:
            self._fail(_cause(error))

    # --- httptools' callbacks -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._answer is None:
            self.abort()  # a second answer behind the first

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            return  # a trailer
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX or len(value) > HEAD_LINE_MAX or len(self._headers) >= HEADERS_MAX:
            raise UpstreamInvalid("The head of the answer is too large.")
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._has_framing = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        answer = self._answer
        if answer is None:
            return
        if status == 101:
            if not (self._may_change and self._parser.should_upgrade()):
                raise UpstreamInvalid("It changed to another protocol, which was not asked for.")
            self._is_tunnel = True
        elif status < 200:
            if status < 100:
                raise UpstreamInvalid("Its status is none.")
            self._interim += 1
            if self._interim > INTERIM_MAX:
                raise UpstreamInvalid("It sends interim answers without end.")
            return
        self._in_body = True
        headers, self._headers = self._headers, []
        answer.begin(status, headers)
        if self._method == "HEAD" and not self._is_tunnel:
            # The parser waits for a body that does not come.
            is_reusable = self._parser.should_keep_alive() and (self._has_framing or status in _WITHOUT_BODY)
            self._parser = httptools.HttpResponseParser(self)
            self._finish(is_reusable=is_reusable)

    def on_body(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()
        else:
            self._body_bytes += len(data)
            self._answer.take(data)

    def on_message_complete(self) -> None:
        if not self._in_body:
            self._headers.clear()  # an interim answer
            self._head_bytes = 0
            self._has_framing = False
        elif not self._is_tunnel:
            self._finish(is_reusable=self._parser.should_keep_alive())

    # --- inside -------------------------------------------------------------------------------

    def _finish(self, *, is_reusable: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        # An answer that came before the request was whole: whoever reads it also ends the connection.
        answer.ended(detached=self._is_sent)
        if not self._is_sent or self._transport is None or self._transport.is_closing():
            return
        if is_reusable:
            self.was_used = True
            self._on_free(self)
        else:
            self._transport.close()

    def _fail(self, error: UpstreamError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.failed(error)
        self.abort()


def _cause(error: Any) -> UpstreamError:
    """What a callback raised, or that it is not HTTP."""
    cause = error.__context__
    return cause if isinstance(cause, UpstreamError) else UpstreamInvalid(f"Its answer is not HTTP: {error}")
