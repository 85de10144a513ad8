"""What the gateway needs to know of WebSocket (RFC 6455): the handshake, and where frames begin."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from apps.gateway.engine.messages.headers import named_in_connection, values_of
from apps.gateway.engine.messages.request import Header

VERSION: Header = (b"sec-websocket-version", b"13")
HANDSHAKE: tuple[Header, ...] = ((b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE = 0x8
GOING_AWAY = 1001
POLICY_VIOLATION = 1008


def asks_for_websocket(http_version: str, headers: Sequence[Header]) -> bool:
    """Whether the request is to become a WebSocket.

    In HTTP/1.0, and where `Connection` does not name it, `Upgrade` is to be ignored (RFC 9110, 7.8); and so it may be
    where the client leaves the choice among protocols.
    """
    return (
        http_version == "1.1"
        and [value.strip().lower() for value in values_of(headers, b"upgrade")] == [b"websocket"]
        and b"upgrade" in named_in_connection(headers)
    )


def is_handshake(method: str, headers: Sequence[Header]) -> bool:
    """Whether a request that asks for it is an opening handshake (section 4.2.1), of whatever version."""
    keys = values_of(headers, b"sec-websocket-key")
    return (
        method == "GET" and len(values_of(headers, VERSION[0])) == 1 and len(keys) == 1 and _is_nonce(keys[0].strip())
    )


def is_of_our_version(headers: Sequence[Header]) -> bool:
    return [value.strip() for value in values_of(headers, VERSION[0])] == [VERSION[1]]


def is_accepted(request: Sequence[Header], answer: Sequence[Header]) -> bool:
    """Whether a 101 is the answer to this handshake (section 4.1): not that of another, or of no WebSocket."""
    (key,) = values_of(request, b"sec-websocket-key")
    digest = hashlib.sha1(key.strip() + _GUID, usedforsecurity=False).digest()
    return [value.strip() for value in values_of(answer, b"sec-websocket-accept")] == [base64.b64encode(digest)]


def _is_nonce(text: bytes) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except binascii.Error:
        return False


def close_frame(code: int) -> bytes:
    """A close frame of a server."""
    return bytes((0x80 | _CLOSE, 2)) + code.to_bytes(2, "big")


class Frames:
    """Follows the frames of a server in a stream of bytes; it looks at their heads alone."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0  # of the payload of the frame that is passing

    @property
    def is_between(self) -> bool:
        """Whether a frame of our own may stand here."""
        return not self._head and self._left == 0

    def before_close(self, data: bytes) -> int | None:
        """Where in `data` a close frame begins; None, having followed all of it, where there is none.

        A head that is cut by the end of `data` has passed already: its close frame is found at 0 of what follows.
        """
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            start = at
            if not self._head:
                if data[at] & 0x0F == _CLOSE:
                    return start
                self._head = data[at : at + 1]
                at += 1
                continue
            needed = self._head_length() - len(self._head)
            self._head += data[at : at + needed]
            at += min(needed, len(data) - at)
            if len(self._head) == self._head_length():
                self._left = self._payload_length()
                self._head = b""
        return None

    def _head_length(self) -> int:
        if len(self._head) < 2:
            return 2
        masked, length = self._head[1] & 0x80, self._head[1] & 0x7F
        return 2 + {126: 2, 127: 8}.get(length, 0) + (4 if masked else 0)

    def _payload_length(self) -> int:
        length = self._head[1] & 0x7F
        if length == 126:
            return int.from_bytes(self._head[2:4], "big")
        if length == 127:
            return int.from_bytes(self._head[2:10], "big")
        return length
