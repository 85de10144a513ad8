"""A backend on a raw socket: it writes down every byte that it gets, and answers whatever a test wants it to."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.headers import HeaderLines

Handler = Callable[["Exchange"], Awaitable[None]]

_START_SECONDS = 10.0


@dataclass
class Received(HeaderLines):
    """One request as it stood on the wire."""

    method: str
    target: str
    connection: int  # the number of its connection, counted from 1
    body: bytes = b""
    is_complete: bool = False  # the whole body came
    is_broken: bool = False  # the gateway closed the connection before the answer ended


@dataclass
class Exchange:
    """A request and the way to its answer, for a handler."""

    request: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 {status} Answer\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode()
        await self.send(head if self.request.method == "HEAD" else head + body)

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def read_body(self) -> None:
        async for piece in body_of(self.request, self.reader):
            self.request.body += piece
        self.request.is_complete = True


async def body_of(request: Received, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The pieces of the request body, as they come."""
    if request.get("Transfer-Encoding"):
        while size := int((await reader.readuntil(b"\n")).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return
    missing = int(request.get("Content-Length") or 0)
    while missing:
        piece = await reader.read(min(missing, 64 * 1024))
        if not piece:
            raise asyncio.IncompleteReadError(b"", missing)
        missing -= len(piece)
        yield piece


async def echo(exchange: Exchange) -> None:
    """200 with what was asked for, as JSON."""
    await exchange.read_body()
    request = exchange.request
    document = {"method": request.method, "target": request.target, "body": request.body.decode("latin-1")}
    await exchange.answer(200, json.dumps(document).encode(), (("Content-Type", "application/json"),))


@dataclass
class FakeUpstream:
    """Runs in a thread of its own. `handlers` are by path without query; any other path is `fallback`."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    fallback: Handler = echo
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0  # a free one, unless it is said which

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(_START_SECONDS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._thread.is_alive():  # a test may have ended it itself
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_START_SECONDS)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def of(self, path: str) -> list[Received]:
        """The requests whose target begins with this."""
        return [request for request in self.requests if request.target.startswith(path)]

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._talk(self.connections, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await self._read_head(reader):
                request = _parse(head, number)
                self.requests.append(request)
                handler = self.handlers.get(request.target.partition("?")[0], self.fallback)
                try:
                    await handler(Exchange(request, reader, writer))
                except (OSError, asyncio.IncompleteReadError):
                    request.is_broken = True
                    break
        finally:
            writer.close()

    async def _read_head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            return b""


def _parse(head: bytes, connection: int) -> Received:
    first, *lines = head.decode("utf-8").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return Received(headers, method, target, connection)
