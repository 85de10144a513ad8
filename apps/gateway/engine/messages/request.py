"""A request as the engine sees it, and the two sides of its client's connection."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

# A header line as it stood on the wire; names in lower case.
Header = tuple[bytes, bytes]


class ClientGone(Exception):
    """The client closed its connection."""


class Client(Protocol):
    """The client's connection, for one request: its body in, the answer out.

    An answer is one `start`, any number of `write`, one `finish`, or all of them at once as `answer`; or it is broken
    off with `abort`. They wait while the client does not read, and raise `ClientGone` when it takes nothing for too
    long.
    """

    @property
    def may_tunnel(self) -> bool:
        """Whether the connection can change to another protocol: after `start(101)`, `body` and `write` are raw."""
        ...

    def body(self) -> AsyncIterator[bytes]:
        """The pieces of the request body, as they come; not empty. Raises `ClientGone`, or `problems.BodyInvalid`."""
        ...

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back once when the client closes its connection. While the body is unread, `body` finds out."""
        ...

    async def answer(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer, whose length the headers declare where it has a body."""
        ...

    async def start(self, status: int, headers: list[Header]) -> None: ...

    async def write(self, data: bytes) -> None: ...

    async def finish(self, data: bytes = b"") -> None:
        """Send this last piece and end the message."""
        ...

    def abort(self) -> None:
        """End the connection so that the client sees that the message is not complete."""
        ...


@dataclass(slots=True)  # not frozen, here and elsewhere on the way of a call: that takes twice as long
class GatewayRequest:
    """What came in. Nothing is decoded or merged."""

    method: str
    target: bytes  # of the request line, with the query
    headers: list[Header]
    client_ip: str
    scheme: str  # http or https, as the client used it
    http_version: str  # 1.1
    started_at: float  # time.perf_counter() when it was read
    client: Client
