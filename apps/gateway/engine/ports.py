"""What the engine needs of the outside, besides `apps.usage.counters.types.Metering`."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from apps.gateway.engine.entities import KeyEntry, MockAnswer, ProductEntry, Timeouts
from apps.gateway.engine.messages.request import Header


class DirectoryUnavailable(Exception):
    """It is not known whether the thing exists: it is not cached, and the database does not answer."""


class Directory(Protocol):
    def known_product(self, slug: str) -> ProductEntry | None:
        """What `find_product` would answer without asking anybody, if it is known."""
        ...

    def known_key(self, digest: bytes) -> KeyEntry | None:
        """What `find_key` would answer without asking anybody, if it is known."""
        ...

    def knew_key(self, digest: bytes) -> bool:
        """Whether it was known, and has to be asked for again: a change made it stale, or newer ones took its place."""
        ...

    async def find_product(self, slug: str) -> ProductEntry | None:
        """Raises `DirectoryUnavailable`."""
        ...

    async def find_key(self, digest: bytes) -> KeyEntry | None:
        """The key with this SHA-256, revoked and expired ones too. Raises `DirectoryUnavailable`."""
        ...

    async def find_mock(self, product_id: int, endpoint_id: int) -> MockAnswer | None:
        """The example of the endpoint's documentation; None where it has none. Raises `DirectoryUnavailable`."""
        ...

    def now(self) -> dt.datetime:
        """The time of the installation."""
        ...


class UpstreamError(Exception):
    """A backend did not give a whole answer; the message is safe to show to the consumer."""


class UpstreamBusy(UpstreamError):
    """Not asked at all: as many requests as it may have at once are on their way."""


class UpstreamUnreachable(UpstreamError):
    """No connection: the name does not resolve, nobody listens, TLS fails, or the address may not be dialled."""


class UpstreamInvalid(UpstreamError):
    """A connection, but no answer that could be read."""


class UpstreamTimeout(UpstreamError):
    """Too slow to accept, to begin its answer or to go on with it."""


class UpstreamAborted(UpstreamError):
    """The answer broke off in the middle."""


@dataclass(slots=True)  # not frozen: one is made for every call, and that would take twice as long
class UpstreamRequest:
    product_id: int  # whose backend it is: no product waits for the connections of another
    method: str
    base: str  # the backend's base URL, without a trailing slash
    path: str  # below it, with the query: sent byte for byte
    headers: list[Header]  # complete but for Host; Content-Length where the length is known
    body: AsyncIterator[bytes] | None  # None: there is none
    timeouts: Timeouts
    is_chunked: bool = False  # the length of the body is not known
    may_change: bool = False  # the answer may be 101: from then on bytes pass both ways

    @property
    def url(self) -> str:
        return self.base + self.path


class UpstreamAnswer(Protocol):
    """An answer whose head has come. Closing it before its end closes the connection to the backend."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> list[Header]:
        """Every line, in order; names in lower case."""
        ...

    idle_seconds: float  # between two pieces of the body

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end. Raises `UpstreamAborted` or `UpstreamTimeout`."""
        ...

    async def write(self, data: bytes) -> None:
        """Send to the backend, after 101; waits while it does not read."""
        ...

    def close(self) -> None: ...


class Upstream(Protocol):
    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Forward a request and wait for the head of the answer. Raises `UpstreamError`."""
        ...
