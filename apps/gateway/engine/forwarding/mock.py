"""The backend of test keys where a product has none: it answers with the example of the documentation."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from apps.gateway.engine.entities import MockAnswer
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.ports import UpstreamAborted, UpstreamAnswer, UpstreamRequest

# Added to each of its answers, behind what takes such names away from backends.
MOCK_HEADER: Header = (b"x-apifactory-mock", b"1")


class MockUpstream:
    """Implements `Upstream`, of one answer. The request is read to its end, as a backend would."""

    def __init__(self, answer: MockAnswer) -> None:
        self._answer = answer

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        if request.body is not None:
            await _read(request.body)
        return _Playback(self._answer.status, self._answer.headers, [self._answer.body])


async def _read(body: AsyncIterator[bytes]) -> None:
    try:
        async for _ in body:
            pass
    except Exception as error:
        # Whoever made the body has cancelled the call with its failure: this is where it ends.
        await asyncio.sleep(0)
        raise UpstreamAborted("The request was not whole.") from error


@dataclass(slots=True)
class _Playback:
    """Implements `UpstreamAnswer`."""

    status: int
    headers: list[Header]
    pieces: list[bytes] = field(default_factory=list)
    idle_seconds: float = 0.0

    async def read(self) -> bytes:
        return self.pieces.pop() if self.pieces else b""

    async def write(self, data: bytes) -> None:
        raise AssertionError("it never changes to another protocol")

    def close(self) -> None:
        self.pieces.clear()
