"""A WebSocket on its way through: bytes pass both ways, and the call is settled before its close frame leaves.

It is one call of the endpoint's weight, however long it lives. While it does, the key and the subscription are looked
at again and again: one that would not be let in any more is closed with 1008 (policy violation), and one that outlives
the process with 1001 (going away).
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from apps.gateway.engine.forwarding.settle import Account
from apps.gateway.engine.forwarding.websocket import GOING_AWAY, POLICY_VIOLATION, Frames, close_frame
from apps.gateway.engine.messages.request import Client, ClientGone, Header
from apps.gateway.engine.ports import UpstreamAborted, UpstreamAnswer

# How often it is looked whether the caller may still call, and whether anything has passed.
WATCH_SECONDS = 1.0
# How long the backend has to end its connection once the close frame has passed.
CLOSING_SECONDS = 5.0


class Tunnel:
    """`may_go_on` is asked about the caller; `settle` settles the call as completed, and says whether it may end."""

    def __init__(
        self,
        *,
        client: Client,
        answer: UpstreamAnswer,
        account: Account,
        may_go_on: Callable[[], Awaitable[bool]],
        settle: Callable[[], Awaitable[bool]],
        idle_seconds: float,
        progress_seconds: float,
    ) -> None:
        self._client = client
        self._answer = answer
        self._account = account
        self._may_go_on = may_go_on
        self._settle = settle
        self._idle_seconds = idle_seconds
        self._progress_seconds = progress_seconds
        self._frames = Frames()
        self._moved_at = time.monotonic()
        self._is_expelled = False
        self.has_access_ended = False

    async def run(self, head: list[Header]) -> None:
        """Raises `ClientGone`, `UpstreamAborted` or `UpstreamTimeout`."""
        self._answer.idle_seconds = float(24 * 3600)  # `_watch` looks at both directions
        await self._client.start(101, head)
        tasks = [asyncio.create_task(self._send_to_backend()), asyncio.create_task(self._watch())]
        try:
            await self._send_to_client()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def go_away(self) -> None:
        """The process stops: say so, unless a frame of the backend passed in part. `run` has ended."""
        if self._frames.is_between:
            await self._client.finish(close_frame(GOING_AWAY))

    async def _send_to_client(self) -> None:
        while data := await self._read():
            end = self._frames.before_close(data)
            if end is None:
                await self._pass(data)
                continue
            await self._pass(data[:end])
            if await self._settle():
                await self._client.write(data[end:])
                await self._last_words()
                await self._client.finish()
            return
        if not self._is_expelled:
            raise UpstreamAborted("The backend ended the WebSocket without a close frame.")
        if await self._settle():
            await self._client.finish(close_frame(POLICY_VIOLATION) if self._frames.is_between else b"")

    async def _read(self) -> bytes:
        try:
            return await self._answer.read()
        except UpstreamAborted:
            if self._is_expelled:
                return b""
            raise

    async def _pass(self, data: bytes) -> None:
        if data:
            self._moved_at = time.monotonic()
            await self._client.write(data)
            self._account.response_bytes += len(data)
            self._account.report_progress(self._progress_seconds)

    async def _last_words(self) -> None:
        """What is left of the close frame, until the backend ends its connection."""
        with contextlib.suppress(TimeoutError, UpstreamAborted):
            async with asyncio.timeout(CLOSING_SECONDS):
                while data := await self._answer.read():
                    await self._client.write(data)

    async def _send_to_backend(self) -> None:
        with contextlib.suppress(ClientGone):  # who waits for it hears of it by another way
            async for piece in self._client.body():
                self._moved_at = time.monotonic()
                self._account.request_bytes += len(piece)
                await self._answer.write(piece)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            is_idle = time.monotonic() - self._moved_at > self._idle_seconds
            self.has_access_ended = not await self._may_go_on()
            if is_idle or self.has_access_ended:
                self._is_expelled = True
                self._answer.close()
                return
