"""The backend of test keys where a product has none: it answers with the example of the documentation."""

from dataclasses import dataclass, field

from apps.gateway.engine.entities import MockAnswer
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.ports import UpstreamAnswer, UpstreamRequest

# Added to each of its answers, behind what takes such names away from backends.
MOCK_HEADER: Header = (b"x-apifactory-mock", b"1")


class MockUpstream:
    """Implements `Upstream`, of one answer. The request is read to its end, as a backend would."""

    def __init__(self, answer: MockAnswer) -> None:
        self._answer = answer

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        if request.body is not None:
            async for _ in request.body:
                pass
        return _Playback(self._answer.status, self._answer.headers, [self._answer.body])


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
