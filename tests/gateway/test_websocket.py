"""WebSocket: the key at the handshake, bytes both ways, one call that is settled before its end."""

import asyncio
import contextlib
import datetime as dt
import os
import threading
from collections.abc import Callable

import pytest

from apps.core.changes import announce
from apps.gateway.engine.forwarding import tunnel
from apps.gateway.engine.forwarding.websocket import Frames, close_frame
from apps.gateway.engine.observation.secret_names import REDACTED
from apps.products.models import Endpoint
from apps.usage import services
from apps.usage.models import RequestRecording
from tests.factories.products import TierFactory
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.fakes.websocket import (
    BINARY,
    CLOSE,
    KEY,
    PING,
    PONG,
    TEXT,
    accept,
    accept_of,
    echo_frames,
    frame,
    frames_of,
    read_frame,
)
from tests.gateway.server import PLAIN_ASGI, RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection, raw_call
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

HANDSHAKE = f"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n"
VERSION = "Sec-WebSocket-Version: 13\r\n"


@pytest.fixture(scope="module")
def protocol() -> None:
    """The plain transport does not pass WebSocket: here there is one alone."""


@pytest.fixture(scope="module")
def gateway(open_database: None, upstream: FakeUpstream) -> "RunningGateway":
    with running_gateway(allow=[upstream.address], poll_seconds=0.1) as running:
        yield running  # type: ignore[misc]


class Socket(RawConnection):
    """A client's side, open."""

    def __init__(self, shop: Shop, lines: str = "") -> None:
        super().__init__(shop.gateway.port)
        self.send(shop.head(lines=HANDSHAKE + VERSION + lines))
        head, _, self._rest = self.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        self.head = head.decode()
        assert self.head.startswith("HTTP/1.1 101 "), self.head

    def say(self, opcode: int, payload: bytes = b"") -> None:
        self.send(frame(opcode, payload, masked=True))

    def read(self, size: int) -> None:
        """Have so many bytes come in."""
        while len(self._rest) < size:
            self._rest += self.socket.recv(65536)

    def read_to_end(self) -> bytes:
        """Everything that was not heard yet."""
        while piece := self.socket.recv(65536):
            self._rest += piece
        return self._rest

    def hear(self) -> tuple[int, bytes] | None:
        """The next frame; None at the end of the connection."""
        while (found := read_frame(self._rest)) is None:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self._rest += piece
        opcode, payload, self._rest = found
        return opcode, payload


def test_messages_pass_both_ways_and_it_is_one_call(shop: Shop) -> None:
    shop.backend_does(echo_frames)
    large = os.urandom(1_000_000)
    with Socket(shop, "Sec-WebSocket-Protocol: chat, other\r\n") as socket:
        assert f"sec-websocket-accept: {accept_of(KEY)}\r\n" in socket.head
        assert "sec-websocket-protocol: chat\r\n" in socket.head.lower()
        assert "x-request-id: req_" in socket.head.lower()
        for opcode, payload, answer in ((TEXT, b"hello", TEXT), (PING, b"there", PONG), (BINARY, large, BINARY)):
            socket.say(opcode, payload)
            assert socket.hear() == (answer, payload)
        assert shop.outcomes == []
        socket.say(CLOSE, b"\x03\xe8bye")
        assert socket.hear() == (CLOSE, b"\x03\xe8bye")
        # Settled before the close frame left.
        (outcome,) = shop.outcomes
        assert socket.hear() is None
    assert (outcome.status, outcome.outcome, outcome.units) == (101, "completed", 1)
    assert outcome.request_bytes > len(large)
    assert outcome.response_bytes > len(large)
    (received,) = shop.received
    assert received.get("X-Api-Key") is None
    assert received.get("Connection") == "Upgrade"


@pytest.mark.parametrize(
    "lines",
    [
        HANDSHAKE,
        HANDSHAKE + VERSION + "Sec-WebSocket-Version: 8\r\n",
        HANDSHAKE.replace(KEY, "short") + VERSION,
        HANDSHAKE + VERSION + "Content-Length: 3\r\n",
    ],
    ids=["no version", "two versions", "no nonce", "a body"],
)
def test_what_is_no_handshake_is_refused(shop: Shop, lines: str) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=lines) + b"abc")
        head = connection.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
    assert shop.received == []


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (HANDSHAKE.replace("keep-alive, Upgrade", "keep-alive"), "1.1"),
        (HANDSHAKE.replace("Connection: keep-alive, Upgrade\r\n", ""), "1.1"),
        (HANDSHAKE, "1.0"),
    ],
    ids=["no connection option", "no Connection", "HTTP/1.0"],
)
def test_a_wish_that_does_not_count_is_ignored(shop: Shop, lines: str, version: str) -> None:
    """RFC 9110, 7.8."""
    call = shop.head(lines=lines + VERSION).replace(b"HTTP/1.1", b"HTTP/" + version.encode(), 1)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(call)
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    (received,) = shop.received
    assert received.get("Upgrade") is None
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.units) == (200, 1)


@pytest.mark.parametrize("version", ["8", "14", "013", "13, 8", ""])
def test_another_version_is_told_which_one_passes(shop: Shop, version: str) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=f"{HANDSHAKE}Sec-WebSocket-Version: {version}\r\n"))
        head, _, body = connection.read_all().partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 426 upgrade required"
    assert {b"sec-websocket-version: 13", b"upgrade: websocket", b"connection: upgrade"} <= set(lines)
    assert b'"code": "websocket_version"' in body
    assert shop.received == []


def test_a_handshake_without_a_key_does_not_pass(shop: Shop) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=HANDSHAKE + VERSION).replace(shop.secret.encode(), b"none"))
        assert b'"code": "key_invalid"' in connection.read_all()
    assert shop.received == []


def test_the_plain_transport_refuses_in_words(open_database: None, upstream: FakeUpstream) -> None:
    with running_gateway(allow=[upstream.address], protocol=PLAIN_ASGI) as gateway:
        shop = open_shop(gateway, upstream)
        with RawConnection(gateway.port) as connection:
            connection.send(shop.head(lines=HANDSHAKE + VERSION))
            assert b'"code": "websocket_unsupported"' in connection.read_all()
        assert shop.received == []


def test_what_is_sent_before_the_handshake_is_answered_is_not_lost(shop: Shop) -> None:
    """A client may not, but what passes here has no holes in it."""
    asked, go_on = threading.Event(), threading.Event()

    async def hesitates(exchange: Exchange) -> None:
        asked.set()
        await asyncio.to_thread(go_on.wait, 20)
        await echo_frames(exchange)

    shop.backend_does(hesitates)
    message = frame(TEXT, b"early", masked=True)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=HANDSHAKE + VERSION) + message[:2])
        assert asked.wait(20)
        connection.send(message[2:5])
        # What came before another request, on whatever connection, is read by the time that one is answered.
        raw_call(shop.gateway.port, b"GET /nowhere HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n")
        go_on.set()
        connection.send(message[5:])
        connection.read_until(frame(TEXT, b"early"))


def test_a_backend_may_refuse(shop: Shop) -> None:
    async def refuses(exchange: Exchange) -> None:
        await exchange.answer(403, b"not you")

    shop.backend_does(refuses)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=HANDSHAKE + VERSION))
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"not you")


@pytest.mark.parametrize("accepted", ["", f"Sec-WebSocket-Accept: {accept_of('b' * 22 + '==')}\r\n"])
def test_a_handshake_that_the_backend_did_not_accept_is_none(shop: Shop, accepted: str) -> None:
    async def changes(exchange: Exchange) -> None:
        lines = "Connection: Upgrade\r\nUpgrade: websocket\r\n" + accepted
        await exchange.send(f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n".encode())
        await exchange.reader.read()
        raise OSError("closed")

    shop.backend_does(changes)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head(lines=HANDSHAKE + VERSION))
        assert b'"code": "upstream_invalid"' in connection.read_all()
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (502, "upstream_invalid", 0)
    wait_until(lambda: shop.received[0].is_broken, what="the backend's side closed")


def _revoke(shop: Shop) -> None:
    shop.key.revoked_at = dt.datetime.now(dt.UTC)
    shop.key.save()
    announce(f"key:{shop.key.pk}")


def _deny_at_the_endpoint(shop: Shop) -> None:
    Endpoint.objects.filter(tier__product=shop.product).update(denied_networks=["127.0.0.0/8"])
    announce(f"product:{shop.product.pk}")


def _move_to_a_higher_tier(shop: Shop) -> None:
    Endpoint.objects.filter(tier__product=shop.product).update(tier=TierFactory(product=shop.product, rank=20))
    announce(f"product:{shop.product.pk}")


def _remove_the_endpoint(shop: Shop) -> None:
    Endpoint.objects.filter(tier__product=shop.product).update(removed_at=dt.datetime.now(dt.UTC))
    announce(f"product:{shop.product.pk}")


@pytest.mark.parametrize("end", [_revoke, _deny_at_the_endpoint, _move_to_a_higher_tier, _remove_the_endpoint])
def test_who_would_not_be_let_in_any_more_loses_the_socket(
    shop: Shop, end: Callable[[Shop], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "WATCH_SECONDS", 0.05)
    shop.backend_does(echo_frames)
    with Socket(shop) as socket:
        socket.say(TEXT, b"still there")
        assert socket.hear() == (TEXT, b"still there")
        end(shop)
        assert socket.hear() == (CLOSE, (1008).to_bytes(2, "big"))
        assert socket.hear() is None
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (101, "access_ended", 1)
    wait_until(lambda: shop.received[0].is_broken, what="the backend's side closed")


def test_nothing_either_way_for_too_long_ends_it(
    open_database: None, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "WATCH_SECONDS", 0.05)
    with running_gateway(allow=[upstream.address], tunnel_idle_seconds=0.2) as gateway:
        shop = open_shop(gateway, upstream)
        shop.backend_does(echo_frames)
        with Socket(shop) as socket:
            assert socket.hear() == (CLOSE, (1008).to_bytes(2, "big"))


@pytest.mark.parametrize("is_whole", [True, False], ids=["between frames", "within a frame"])
def test_the_end_of_the_process_is_told_where_no_frame_is_cut(
    open_database: None, upstream: FakeUpstream, *, is_whole: bool
) -> None:
    sent = frame(TEXT, b"hello") if is_whole else frame(TEXT, b"hello")[:-1]

    async def says(exchange: Exchange) -> None:
        await accept(exchange)
        exchange.writer.write(sent)
        await exchange.reader.read()

    with running_gateway(allow=[upstream.address]) as gateway:
        shop = open_shop(gateway, upstream)
        shop.backend_does(says)
        socket = Socket(shop)
        socket.read(len(sent))
    with socket:
        assert socket.read_to_end() == sent + (close_frame(1001) if is_whole else b"")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (101, "gateway_stopped", 0)


def test_a_client_that_leaves_ends_it_at_the_backend(shop: Shop) -> None:
    shop.backend_does(echo_frames)
    with Socket(shop) as socket:
        socket.say(TEXT, b"hello")
        assert socket.hear() == (TEXT, b"hello")
    wait_until(lambda: shop.received[0].is_broken, what="the backend's side closed")
    wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (101, "client_closed", 1)


def test_a_backend_that_dies_is_seen_and_not_billed(shop: Shop) -> None:
    die = threading.Event()

    async def dies(exchange: Exchange) -> None:
        await accept(exchange)
        await frames_of(exchange)
        exchange.writer.transport.abort()
        die.set()

    shop.backend_does(dies)
    with Socket(shop) as socket:
        socket.say(TEXT, b"hello")
        with contextlib.suppress(ConnectionResetError):
            assert socket.hear() is None
    wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (101, "upstream_aborted", 0)


# --- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_close_frame_is_found_however_the_bytes_fall(size: int) -> None:
    before = b"".join((frame(TEXT, b""), frame(TEXT, b"\x88\x88"), frame(BINARY, bytes(300)), frame(PING, b"x")))
    data, frames, passed = before + close_frame(1000), Frames(), 0
    for start in range(0, len(data), size):
        end = frames.before_close(data[start : start + size])
        if end is not None:
            assert start + end == len(before)
            return
        passed = start
    pytest.fail(f"not found in {passed} bytes")


def test_the_heads_of_the_handshake_are_recorded_where_the_product_asks_for_it(
    gateway: RunningGateway, upstream: FakeUpstream
) -> None:
    shop = open_shop(gateway, upstream, log_headers=True, log_bodies=True)
    shop.backend_does(echo_frames)
    with Socket(shop, "Cookie: session=abc\r\nOrigin: https://pages.example\r\n") as socket:
        socket.say(TEXT, b"hello")
        assert socket.hear() == (TEXT, b"hello")
        socket.say(CLOSE, b"\x03\xe8")
        assert socket.hear() == (CLOSE, b"\x03\xe8")

    def is_there() -> bool:
        services.store_recordings()
        return RequestRecording.objects.filter(product=shop.product).exists()

    wait_until(is_there, what="the handshake was written down")
    row = RequestRecording.objects.get(product=shop.product)
    sent, got = dict(row.request_headers), dict(row.answer_headers)
    assert (sent["origin"], sent["cookie"]) == ("https://pages.example", REDACTED)
    assert (row.status, got["sec-websocket-accept"]) == (101, accept_of(KEY))
    assert f"x-request-id: {got['x-request-id']}\r\n" in socket.head.lower()
    # What passes afterwards is no body.
    assert (row.request_body, row.answer_body) == ("", "")
