"""Bytes that no honest client sends: an answer of 4xx or none, never a crash, and the next request is served."""

import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.demo.backends.weather import Refused, answer
from tests.processes import Server

REQUESTS = {
    "nothing": b"",
    "garbage": b"\x00\xff\xfe\x16\x03\x01 garbage\r\n\r\n",
    "one word": b"GET\r\n\r\n",
    "four words": b"GET / HTTP/1.1 extra\r\n\r\n",
    "version of the future": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version": b"GET /nowhere\r\n\r\n",
    "unknown method": b"BREW /forecast HTTP/1.1\r\nHost: x\r\n\r\n",
    "method with odd name": b"__init__ / HTTP/1.1\r\nHost: x\r\n\r\n",
    "endless line": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "endless header": b"GET /nowhere HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "very many headers": b"GET /nowhere HTTP/1.1\r\n" + b"X: 1\r\n" * 300 + b"\r\n",
    "header without a colon": b"GET /nowhere HTTP/1.1\r\nno colon here\r\n\r\n",
    "target that is no URL": b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw bytes in the target": b"GET /forecast?city=\xc3\x28\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "broken escapes": b"GET /forecast?city=%zz%1&days=%% HTTP/1.1\r\nHost: x\r\n\r\n",
    "dot segments": b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "negative length": b"GET /nowhere HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "length that is no number": b"POST /nowhere HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    "length beyond all bounds": b"POST /nowhere HTTP/1.1\r\nContent-Length: " + b"9" * 6000 + b"\r\n\r\n",
    "chunks": b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


def exchange(server: Server, request: bytes) -> bytes:
    """Send the bytes, end our side, and read until the server ends its own."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            pieces = iter(lambda: connection.recv(65536), b"")
            return b"".join(pieces)
        except ConnectionError:
            return b""  # it hung up on us, which is an answer as well


@pytest.mark.parametrize("name", REQUESTS)
def test_hostile_bytes_do_no_harm(weather_server: Server, name: str) -> None:
    reply = exchange(weather_server, REQUESTS[name])
    if reply.startswith(b"HTTP/"):
        status = int(reply.split()[1])
        assert 400 <= status < 500 or status in (501, 505), reply[:200]
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["error"]["code"]
    alive = exchange(weather_server, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert alive.startswith(b"HTTP/1.1 200")
    assert "Traceback" not in weather_server.log()


def test_a_body_is_never_taken_for_a_request(weather_server: Server) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for framing in (b"Content-Length: %d\r\n" % len(smuggled), b"Content-Length: 3\r\n", b"Transfer-Encoding: x\r\n"):
        reply = exchange(weather_server, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n" + smuggled)
        assert reply.count(b"HTTP/1.1 ") <= 1
        assert b'"status": "ok"' not in reply


def test_a_client_that_vanishes_leaves_one_line(weather_server: Server) -> None:
    parts = urlsplit(weather_server.url)
    for _ in range(20):
        connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
        # An answer to a connection that was reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        connection.close()
    assert exchange(weather_server, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert "Traceback" not in weather_server.log()


@given(
    st.one_of(
        st.text(), st.text().map(lambda text: f"/forecast?{text}"), st.text().map(lambda t: f"/forecast?city={t}")
    )
)
def test_any_target_has_an_answer_or_a_refusal(target: str) -> None:
    try:
        body = answer(target)
    except Refused as refused:
        body = {"message": refused.message, "client_error": 400 <= refused.status < 500}
    assert body.get("client_error", True)
    json.dumps(body).encode()
