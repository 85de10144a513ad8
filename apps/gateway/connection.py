"""A client's connection on any ASGI server: implements `engine.request.Client` for one request.

ASGI has no way to break a message off. An application that returns before the message is complete makes the
server close the connection: without the last chunk, or short of the declared length. The client sees both.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from apps.gateway.bounds import LINGER_BYTES, LINGER_SECONDS, SKIPPED_BODY_MAX
from apps.gateway.engine.messages.headers import BadFraming, body_length
from apps.gateway.engine.messages.request import ClientGone, Header

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class AsgiClient:
    def __init__(self, headers: Iterable[Header], receive: Receive, send: Send, *, idle_seconds: float) -> None:
        self._receive = receive
        self._asgi_send = send
        self._idle_seconds = idle_seconds
        self._unread = _declared_length(headers)
        self._is_body_read = self._unread == 0
        self._is_closing = False
        self._is_lingering = False
        self._gone_callback: Callable[[], None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    may_tunnel = False

    async def body(self) -> AsyncIterator[bytes]:
        while not self._is_body_read:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone()
                raise ClientGone
            self._is_body_read = not message.get("more_body", False)
            if piece := message.get("body", b""):
                yield piece
        if self._gone_callback is not None:
            self._watch()

    def when_gone(self, callback: Callable[[], None]) -> None:
        self._gone_callback = callback
        if self._is_body_read:
            self._watch()

    async def answer(self, status: int, headers: list[Header], body: bytes) -> None:
        await self.start(status, headers)
        await self.finish(body)

    async def start(self, status: int, headers: list[Header]) -> None:
        self._is_closing = not self._is_body_read and self._unread > SKIPPED_BODY_MAX
        if self._is_closing:
            headers = [*headers, (b"connection", b"close")]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes = b"") -> None:
        self._is_lingering = self._is_closing and not self._is_body_read
        await self._send({"type": "http.response.body", "body": data, "more_body": self._is_lingering})

    def abort(self) -> None:
        """Nothing to do: the message stays incomplete, and the handler returns."""

    async def close(self) -> None:
        """The call is over: stop watching for the client's departure, and let it finish sending."""
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_lingering:
            await self._linger()
            with contextlib.suppress(ClientGone):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._idle_seconds):
                await self._asgi_send(message)
        except TimeoutError:
            raise ClientGone from None

    def _watch(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._wait_for_departure())

    async def _wait_for_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone()

    def _gone(self) -> None:
        callback, self._gone_callback = self._gone_callback, None
        if callback is not None:
            callback()

    async def _linger(self) -> None:
        """Take in some more of a body that nobody reads."""
        taken = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while taken < LINGER_BYTES:
                    message = await self._receive()
                    taken += len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return


def _declared_length(headers: Iterable[Header]) -> float:
    """0 where there is no body, infinity where its length is not declared or not clear."""
    try:
        length = body_length(headers)
    except BadFraming:
        return float("inf")
    return float("inf") if length is None else length
