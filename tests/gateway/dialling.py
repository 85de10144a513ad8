"""The client of backends by itself: started, asked, read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver

from apps.gateway.engine.ports import UpstreamAnswer, UpstreamRequest
from apps.gateway.upstream import AiohttpUpstream


@asynccontextmanager
async def dialling(*, allow: list[str], resolver: AbstractResolver | None = None) -> AsyncIterator[AiohttpUpstream]:
    upstream = AiohttpUpstream(allow=allow, resolver=resolver)
    await upstream.start()
    try:
        yield upstream
    finally:
        await upstream.stop()


def asking(
    url: str, method: str = "GET", body: AsyncIterator[bytes] | None = None, *, seconds: int = 20
) -> UpstreamRequest:
    return UpstreamRequest(method=method, url=url, headers=[], body=body, first_byte_seconds=seconds)


async def body_of(answer: UpstreamAnswer) -> bytes:
    body = b""
    while piece := await answer.read():
        body += piece
    return body
