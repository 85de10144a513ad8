"""uvicorn's HTTP/1.1 protocol for a port that is open to the world.

Chosen with `--http apps.gateway.http_protocol:GatewayProtocol`. It adds what uvicorn leaves out: bounds on
the size of a request head and on the time for it, the request target as it was sent (uvicorn drops the host
of `GET http://other/` and fragments), and refusals in the gateway's own format. The application runs without
it too, with the bounds of whatever stands in front.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.gateway.bounds import HEAD_BYTES_MAX, HEAD_SECONDS, HeadTooLarge
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Problem
from apps.gateway.refusals import refusal

# ASGI scope extension: {"raw": the request target, bytes}.
TARGET_EXTENSION = "apifactory.target"


_FRAMING = (b"content-length", b"transfer-encoding")


class BodyBehindUpgrade(Exception):
    """The parser leaves out a body behind a head that asks for another protocol: what follows could be anything."""


class GatewayProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn's access log writes down the query, and a key may stand there.
        self.access_log = False
        self._head_bytes = 0
        self._is_in_body = False
        # A name or value is told when it has ended: so much came since anything else was told.
        self._untold_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._untold_bytes += len(data)
        super().data_received(data)
        if self._untold_bytes - len(data) > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse(problems.HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = self._untold_bytes = 0
        self._await_head()

    def on_url(self, url: bytes) -> None:
        self._take_in(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._take_in(len(name) + len(value))
        # The parser reports trailers as headers too; the head is decided on by then, so they are dropped.
        if not self._is_in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._untold_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        self._head_arrived()
        self._untold_bytes = 0
        if self.parser.should_upgrade() and any(name in _FRAMING for name, _ in self.headers):
            raise BodyBehindUpgrade
        self._is_in_body = True
        self.scope["extensions"] = {TARGET_EXTENSION: {"raw": self.url}}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._untold_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn when the parser stops: the connection cannot go on."""
        self._head_arrived()
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(problems.HEAD_TOO_LARGE)
        else:
            self._refuse(problems.BAD_REQUEST, "This is not a valid HTTP/1.1 request.")

    def _take_in(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise HeadTooLarge

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(problems.REQUEST_TIMEOUT, "The head of the request did not come in time.")

    def _refuse(self, problem: Problem, detail: str = "") -> None:
        """Answer and close, unless an earlier request of this connection still waits for its answer."""
        if self._may_answer():
            self.transport.write(refusal(problem, detail))
        if self.cycle is not None:
            self.cycle.disconnected = True  # whatever the application still says goes nowhere
        self.transport.close()

    def _may_answer(self) -> bool:
        if self.cycle is None or self.cycle.response_complete:
            return True
        # The application has the head already, and what failed is the body behind it.
        return self._is_in_body and not self.cycle.response_started and not self.pipeline
