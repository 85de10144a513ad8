"""An HTTP client that hides nothing: header lines as they came, and raw bytes where a test needs them."""

import http.client
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from tests.headers import HeaderLines

SECONDS = 20.0

Headers = Iterable[tuple[str, str]]


@dataclass
class Reply(HeaderLines):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def call(url: str, method: str = "GET", headers: Headers = (), body: bytes | None = None) -> Reply:
    """One request on a connection of its own; the target and headers are sent as they are given."""
    parts = urlsplit(url)
    target = url.removeprefix(f"{parts.scheme}://{parts.netloc}") or "/"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        headers = list(headers)
        connection.putrequest(
            method,
            target,
            skip_host=any(name.lower() == "host" for name, _ in headers),
            skip_accept_encoding=True,
        )
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Reply(answer.getheaders(), answer.status, answer.read())
    finally:
        connection.close()


class RawConnection:
    """A socket: `send` bytes, read bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to and with the mark; less where the connection ends before."""
        data = b""
        while mark not in data:
            piece = self.socket.recv(65536)
            if not piece:
                break
            data += piece
        return data

    def read_message(self) -> bytes:
        """One answer whose length is declared."""
        data = self.read_until(b"\r\n\r\n")
        head, _, body = data.partition(b"\r\n\r\n")
        (length,) = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while len(body) < length:
            body += self.socket.recv(65536)
        assert len(body) == length, "more came than one answer"
        return head + b"\r\n\r\n" + body

    def read_all(self) -> bytes:
        """Everything until the other side closes."""
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data


def raw_call(port: int, request: bytes) -> bytes:
    """Send bytes on a connection of their own, return all that comes back until it is closed."""
    with RawConnection(port) as connection:
        connection.send(request)
        return connection.read_all()
