"""The body of a request on its way to the backend: counted, bounded, and taken only from who may still call."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from apps.gateway.engine.messages.problems import BodyInvalid
from apps.gateway.engine.messages.request import Client, ClientGone


class BodyTooLarge(Exception):
    """More came than the product takes."""


class BodyTooSlow(Exception):
    """Nothing came for too long."""


class BodyAltered(Exception):
    """The body is not the one that was signed."""


class AccessEnded(Exception):
    """Who sends the body would not be let in any more."""


Failure = BodyTooLarge | BodyTooSlow | BodyAltered | AccessEnded | BodyInvalid | ClientGone


class RequestBody:
    """`failure` says why `pieces` broke off; `on_failure` is called then, because whoever reads them may not
    notice while the answer is on its way. `may_go_on` is asked with every piece, and `watch` sees it."""

    def __init__(
        self,
        client: Client,
        *,
        limit: int,
        idle_seconds: float,
        on_failure: Callable[[], None],
        may_go_on: Callable[[], Awaitable[bool]],
        sha256: bytes | None = None,
        watch: Callable[[bytes], None] | None = None,
    ) -> None:
        self._client = client
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._on_failure = on_failure
        self._may_go_on = may_go_on
        self._sha256 = sha256
        self._watch = watch
        self.received = 0
        self.is_whole = False
        self.is_awaited = False  # the client has not sent the next piece, or the end
        self.failure: Failure | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises a `Failure`."""
        try:
            source = self._client.body() if self._sha256 is None else self._checked(self._client.body(), self._sha256)
            while piece := await self._next(source):
                self.received += len(piece)
                if self.received > self._limit:
                    raise BodyTooLarge
                if not await self._may_go_on():
                    raise AccessEnded
                if self._watch is not None:
                    self._watch(piece)
                yield piece
            self.is_whole = True
        except (BodyTooLarge, BodyTooSlow, BodyAltered, AccessEnded, BodyInvalid, ClientGone) as failure:
            self.failure = failure
            self._on_failure()
            raise

    @staticmethod
    async def _checked(source: AsyncIterator[bytes], sha256: bytes) -> AsyncIterator[bytes]:
        """The pieces, the last of them held back until the whole is what it should be."""
        seen, held = hashlib.sha256(), b""
        async for piece in source:
            seen.update(piece)
            if held:
                yield held
            held = piece
        if seen.digest() != sha256:
            raise BodyAltered
        if held:
            yield held

    async def _next(self, source: AsyncIterator[bytes]) -> bytes:
        self.is_awaited = True  # also where this is cancelled
        try:
            async with asyncio.timeout(self._idle_seconds):
                piece = await anext(source, b"")
        except TimeoutError:
            raise BodyTooSlow from None
        self.is_awaited = False
        return piece
