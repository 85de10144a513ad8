"""The backend where nginx is none, and of the checks with bodies and streams: `python -m bench.gateway.backend PORT`.

`/v1/current` 1071 bytes of JSON; `/v1/chunked`, `/v1/big`, `/v1/echo` as the checks of the peers want them;
`/v1/bytes/N` N bytes; `/v1/sink` the size of what was sent; `/v1/events` an event at once and one a second.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import httptools
import uvloop

JSON_BYTES = 1071
_FILL = json.dumps({"city": "Paris", "text": ""})
CURRENT = json.dumps({"city": "Paris", "text": "x" * (JSON_BYTES - len(_FILL))}).encode()
EVENT_SECONDS = 1.0
_BLOCK = b"abcdefghij" * 6_400


class Backend(asyncio.Protocol):
    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._writable = asyncio.Event()
        self._writable.set()
        self._answering: asyncio.Task[None] | None = None
        self._kept: list[bytes] = []
        self._received = 0
        self._path = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        if self._answering is not None:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- what the parser calls ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._kept, self._received = [], 0

    def on_url(self, url: bytes) -> None:
        self._path = url.partition(b"?")[0].decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._parser.should_upgrade():
            self._transport.close()

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        if self._path.endswith("/echo"):
            self._kept.append(body)

    def on_message_complete(self) -> None:
        _, _, rest = self._path.partition("/v1/")
        name, _, argument = rest.partition("/")
        match name:
            case "echo":
                self._answer(b"".join(self._kept))
            case "sink":
                self._answer(str(self._received).encode())
            case "big":
                self._stream(_blocks(2_000_000), size=2_000_000)
            case "bytes" if argument.isdecimal():
                self._stream(_blocks(int(argument)), size=int(argument))
            case "chunked":
                self._stream(_chunks())
            case "events":
                self._stream(_events(), kind=b"text/event-stream")
            case _:
                self._answer(CURRENT, b"application/json")

    # --- answers ------------------------------------------------------------------------------

    def _answer(self, body: bytes, kind: bytes = b"application/octet-stream") -> None:
        self._transport.write(_head(kind, b"Content-Length: %d" % len(body)) + body)

    def _stream(
        self, pieces: AsyncIterator[bytes], *, size: int | None = None, kind: bytes = b"application/octet-stream"
    ) -> None:
        self._answering = asyncio.create_task(self._write(pieces, size, kind))

    async def _write(self, pieces: AsyncIterator[bytes], size: int | None, kind: bytes) -> None:
        framing = b"Transfer-Encoding: chunked" if size is None else b"Content-Length: %d" % size
        self._transport.write(_head(kind, framing))
        async for piece in pieces:
            await self._writable.wait()
            self._transport.write(piece if size is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
        if size is None:
            self._transport.write(b"0\r\n\r\n")


def _head(kind: bytes, framing: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\n%s\r\n\r\n" % (kind, framing)


async def _blocks(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield _BLOCK[:size]
        size -= len(_BLOCK)


async def _chunks() -> AsyncIterator[bytes]:
    yield b"abcdefghij" * 300
    await asyncio.sleep(0.02)
    yield b"end\n"


async def _events() -> AsyncIterator[bytes]:
    while True:
        yield b"data: tick\n\n"
        await asyncio.sleep(EVENT_SECONDS)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Backend, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(int(sys.argv[1])))
