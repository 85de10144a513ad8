"""WebSocket by hand (RFC 6455): frames of both sides, and a backend that echoes them."""

import asyncio
import base64
import hashlib
import os

from tests.fakes.upstream import Exchange

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(b"0123456789abcdef").decode()


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def frame(opcode: int, payload: bytes = b"", *, masked: bool = False) -> bytes:
    """One final frame; those of a client are masked."""
    length, mask = len(payload), 0x80 if masked else 0
    head = bytes((0x80 | opcode,))
    if length < 126:
        head += bytes((mask | length,))
    elif length < 65536:
        head += bytes((mask | 126,)) + length.to_bytes(2, "big")
    else:
        head += bytes((mask | 127,)) + length.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    repeated = (key * (length // 4 + 1))[:length]
    return head + key + (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


def read_frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Opcode and payload of the first frame, and what follows it; None where it is not whole."""
    if len(data) < 2:
        return None
    masked, length, at = data[1] & 0x80, data[1] & 0x7F, 2
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(data) < at + size:
            return None
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    key = data[at : at + 4] if masked else b""
    at += len(key)
    if len(data) < at + length:
        return None
    payload = data[at : at + length]
    if key:
        repeated = (key * (length // 4 + 1))[:length]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")
    return data[0] & 0x0F, payload, data[at + length :]


async def accept(exchange: Exchange) -> None:
    key = exchange.request.get("Sec-WebSocket-Key") or ""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_of(key)}",
    ]
    if protocol := exchange.request.get("Sec-WebSocket-Protocol"):
        lines.append(f"Sec-WebSocket-Protocol: {protocol.split(',')[0]}")
    await exchange.send("\r\n".join([*lines, "", ""]).encode())


async def frames_of(exchange: Exchange, data: bytes = b"") -> tuple[int, bytes, bytes]:
    """The next frame of the client, and what came behind it."""
    while (found := read_frame(data)) is None:
        piece = await exchange.reader.read(65536)
        if not piece:
            raise asyncio.IncompleteReadError(data, None)
        data += piece
    return found


async def echo_frames(exchange: Exchange) -> None:
    """Sends every message back, and answers a close with a close."""
    await accept(exchange)
    rest = b""
    while True:
        opcode, payload, rest = await frames_of(exchange, rest)
        if opcode == PING:
            opcode = PONG
        await exchange.send(frame(opcode, payload))
        if opcode == CLOSE:
            exchange.writer.close()
            return
