"""The client of backends by itself: started, asked, read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver

from apps.gateway.engine.entities import Timeouts
from apps.gateway.engine.ports import UpstreamAnswer, UpstreamRequest
from apps.gateway.upstream import PooledUpstream


@asynccontextmanager
async def dialling(*, allow: list[str], resolver: AbstractResolver | None = None) -> AsyncIterator[PooledUpstream]:
    upstream = PooledUpstream(allow=allow, resolver=resolver)
    await upstream.start()
    try:
        yield upstream
    finally:
        await upstream.stop()


def asking(
    url: str,
    method: str = "GET",
    body: AsyncIterator[bytes] | None = None,
    *,
    seconds: float = 20,
    connect_seconds: float = 5,
    idle_seconds: float = 120,
) -> UpstreamRequest:
    """A request; its body, where it has one, is of unknown length."""
    scheme, _, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    return UpstreamRequest(
        product_id=1,
        method=method,
        base=f"{scheme}//{host}",
        path=slash + path,
        headers=[],
        body=body,
        timeouts=Timeouts(
            connect_seconds=connect_seconds, first_byte_seconds=seconds, idle_seconds=idle_seconds, total_seconds=None
        ),
        is_chunked=body is not None,
    )


async def body_of(answer: UpstreamAnswer) -> bytes:
    body = b""
    while piece := await answer.read():
        body += piece
    return body
