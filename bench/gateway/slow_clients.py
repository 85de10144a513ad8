"""Clients of one byte every ten seconds: `python -m bench.gateway.slow_clients PORT KIND COUNT KEY`, until SIGTERM.

`head`: it sends the head of its request so. `body`: its upload. `read`: it reads a large answer so. Whoever is turned
away comes back.
"""

import asyncio
import socket
import sys
from contextlib import suppress

KINDS = ("head", "body", "read")
READY = "all slow clients are there"
BYTE_SECONDS = 10.0
BACK_SECONDS = 0.5
SMALL_BUFFER = 4096


async def _client(port: int, kind: str, key: str, arrived: asyncio.Semaphore) -> None:
    head = f"Host: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\n"
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            # Before it connects: the window that the other side is told of.
            sock = socket.socket()
            sock.settimeout(0)
            if kind == "read":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=sock, limit=SMALL_BUFFER)
            try:
                match kind:
                    case "head":
                        rest = f"GET /bodies/v1/current HTTP/1.1\r\n{head}\r\n".encode()
                    case "body":
                        writer.write(f"POST /bodies/v1/sink HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\n".encode())
                        rest = b"x" * 1000
                    case _:
                        writer.write(f"GET /bodies/v1/bytes/10000000 HTTP/1.1\r\n{head}\r\n".encode())
                        rest = b""
                arrived.release()
                if rest:
                    await _write_slowly(writer, rest)
                else:
                    await _read_slowly(reader)
            finally:
                writer.close()
        await asyncio.sleep(BACK_SECONDS)


async def _write_slowly(writer: asyncio.StreamWriter, rest: bytes) -> None:
    for position in range(len(rest)):
        writer.write(rest[position : position + 1])
        await writer.drain()
        await asyncio.sleep(BYTE_SECONDS)


async def _read_slowly(reader: asyncio.StreamReader) -> None:
    while await reader.read(1):  # noqa: ASYNC110 - it is the pace, not a wait for something
        await asyncio.sleep(BYTE_SECONDS)


async def _main(port: int, kind: str, count: int, key: str) -> None:
    arrived = asyncio.Semaphore(0)
    clients = [asyncio.create_task(_client(port, kind, key, arrived)) for _ in range(count)]
    for _ in range(count):
        await arrived.acquire()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await asyncio.gather(*clients)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
