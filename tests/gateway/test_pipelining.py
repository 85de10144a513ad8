"""Requests behind one another on a connection: whoever sends many, or reads no answers, waits; nothing piles up."""

import asyncio
import contextlib
import gc
import threading
import weakref

import pytest

from apps.gateway.server import connection as connection_module
from apps.gateway.server.call import ServerCall
from apps.gateway.server.connection import TURN_BYTES, UNSENT_MAX, WAITING_BYTES_MAX, GatewayConnection
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import PLAIN_ASGI, running_gateway
from tests.gateway.shop import Shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MANY = 20_000


@pytest.fixture
def connections(protocol: str, monkeypatch: pytest.MonkeyPatch) -> list[GatewayConnection]:
    """Those that the gateway takes from here on."""
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn reads one request at a time")
    taken: list[GatewayConnection] = []
    made = GatewayConnection.connection_made

    def connection_made(connection: GatewayConnection, transport: object) -> None:
        taken.append(connection)
        made(connection, transport)  # type: ignore[arg-type]

    monkeypatch.setattr(GatewayConnection, "connection_made", connection_made)
    return taken


def held_bytes(connection: GatewayConnection) -> int:
    """Of the bodies that wait for their turn."""
    return sum(len(piece) for call in list(connection._waiting) for piece in call._pieces)


def test_bodies_behind_a_stream_hold_their_client_back(shop: Shop, connections: list[GatewayConnection]) -> None:
    go_on = threading.Event()

    async def stream(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.chunk(b"begun")
        await asyncio.to_thread(go_on.wait, 20)
        await exchange.send(b"0\r\n\r\n")

    shop.backend_does(stream)
    body = b"x" * 60_000
    late = b"POST /nothing HTTP/1.1\r\nHost: gw\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with RawConnection(shop.gateway.port) as client:
        client.send(shop.head())
        client.read_until(b"begun")
        sending = threading.Thread(target=lambda: [client.send(late) for _ in range(200)], daemon=True)
        sending.start()
        (connection,) = connections
        wait_until(lambda: not connection._is_reading, what="the client held back")
        assert held_bytes(connection) <= WAITING_BYTES_MAX + TURN_BYTES
        go_on.set()
        answers = b""
        while answers.count(b"HTTP/1.1 404 ") < 200:
            answers += client.socket.recv(65536)
        sending.join(20)
    assert answers.count(b"HTTP/1.1 ") == 200


def test_who_takes_no_answers_gets_no_more(shop: Shop, connections: list[GatewayConnection]) -> None:
    with RawConnection(shop.gateway.port) as client:
        everything = b"GET /nothing HTTP/1.1\r\nHost: gw\r\n\r\n" * MANY
        sending = threading.Thread(target=client.send, args=(everything,), daemon=True)
        sending.start()
        wait_until(lambda: bool(connections and connections[0]._is_clogged), what="answers that nobody takes")
        (connection,) = connections
        refused = shop.gateway.runtime.engine.tally.refused["route_not_found"]
        assert connection.transport.get_write_buffer_size() < 2 * UNSENT_MAX
        answers = 0
        rest = b""
        while answers < MANY:
            rest += client.socket.recv(65536)
            answers += rest.count(b'"request_id"')
            rest = rest[-12:] if b'"request_id"' not in rest[-12:] else b""
        sending.join(20)
    assert refused < MANY
    assert answers == MANY


def test_who_takes_no_answers_for_long_is_let_go(
    upstream: FakeUpstream, connections: list[GatewayConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "TICK_SECONDS", 0.05)
    with (
        running_gateway(allow=[upstream.address], client_idle_seconds=0.2) as gateway,
        RawConnection(gateway.port) as client,
    ):

        def send() -> None:
            with contextlib.suppress(ConnectionError):
                client.send(b"GET /nothing HTTP/1.1\r\nHost: gw\r\n\r\n" * MANY)

        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        wait_until(lambda: bool(connections and connections[0].is_lost), what="the connection given up")
        sending.join(20)


def test_a_connection_that_closes_does_not_wait_for_ever(
    upstream: FakeUpstream, connections: list[GatewayConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last answers are on their way, and nobody takes them."""
    monkeypatch.setattr(connection_module, "TICK_SECONDS", 0.05)
    with (
        running_gateway(allow=[upstream.address], client_idle_seconds=0.5) as gateway,
        RawConnection(gateway.port) as client,
    ):
        refused = gateway.runtime.engine.tally.refused
        sent = 0
        while not connections or not connections[0].transport.get_write_buffer_size():
            client.send(b"GET /nothing HTTP/1.1\r\nHost: gw\r\n\r\n" * 30)
            sent += 30
            wait_until(lambda: refused["route_not_found"] == sent, what="all of them answered")  # noqa: B023
        (connection,) = connections
        assert connection.is_writable, "it is not clogged"
        client.send(b"GET /nothing HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n")
        wait_until(lambda: connection.is_lost, what="the connection given up")
        assert refused["route_not_found"] == sent + 1


def test_a_connection_that_ended_leaves_nothing_to_the_garbage_collector(
    shop: Shop, connections: list[GatewayConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It seldom looks, and thousands of heads and bodies would lie there until it does."""
    calls: list[weakref.ref[ServerCall]] = []
    came = GatewayConnection.call_came

    def call_came(connection: GatewayConnection, call: ServerCall, head_bytes: int) -> None:
        calls.append(weakref.ref(call))
        came(connection, call, head_bytes)

    monkeypatch.setattr(GatewayConnection, "call_came", call_came)
    unknown = b"POST /nothing HTTP/1.1\r\nHost: gw\r\nContent-Length: 60000\r\n\r\n"
    gc.disable()
    try:
        with RawConnection(shop.gateway.port) as client:
            client.send(unknown + bytes(60_000) + unknown + bytes(60_000) + unknown + bytes(30_000))
            client.read_until(b"route_not_found")
        wait_until(lambda: connections[0].is_lost, what="the end of the connection")
        wait_until(lambda: not any(call() for call in calls), what="the end of its calls")
    finally:
        gc.enable()
    assert len(calls) == 3


def test_much_at_once_is_read_in_turns(
    shop: Shop, connections: list[GatewayConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of small chunks keep nobody else waiting."""
    turns = 0
    sizes: dict[int, int] = {}  # of what was read, by turn of the loop
    take = GatewayConnection.take

    def taken(connection: GatewayConnection, data: bytes) -> None:
        nonlocal turns
        if turns not in sizes:
            connection.loop.call_soon(next_turn)
        sizes[turns] = sizes.get(turns, 0) + len(data)
        take(connection, data)

    def next_turn() -> None:
        nonlocal turns
        turns += 1

    monkeypatch.setattr(GatewayConnection, "take", taken)
    monkeypatch.setattr(connection_module, "TURN_SECONDS", -1.0)  # every turn has taken too long
    body = b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    with RawConnection(shop.gateway.port) as client:
        client.send(shop.head("POST", "Transfer-Encoding: chunked\r\n") + body + shop.head())
        client.read_until(b'"method": "GET"')
    (upload, behind) = shop.received
    assert (upload.body, behind.body) == (b"x" * 50_000, b"")
    assert sum(sizes.values()) > len(body)
    assert max(sizes.values()) < 2 * TURN_BYTES  # the end of one read, and the next one
