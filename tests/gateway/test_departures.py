"""Whoever leaves in the middle is noticed: the consumer, or the backend."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.fakes.upstream import Exchange, body_of
from tests.gateway.server import PLAIN_ASGI
from tests.gateway.shop import Shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
MIB = 1024 * 1024


def test_a_consumer_that_leaves_before_the_answer_closes_the_backend_and_pays_nothing(shop: Shop) -> None:
    asked = threading.Event()

    async def slow(exchange: Exchange) -> None:
        asked.set()
        await exchange.reader.read()  # until the gateway closes
        raise OSError("closed")

    shop.backend_does(slow)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        assert asked.wait(20)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (499, "client_closed", 0)


def test_a_consumer_that_leaves_with_calls_waiting_pays_for_none_of_them(shop: Shop, protocol: str) -> None:
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn does not read on while a request waits")
    asked = threading.Event()

    async def slow(exchange: Exchange) -> None:
        asked.set()
        await exchange.reader.read()  # until the gateway closes
        raise OSError("closed")

    shop.backend_does(slow)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head() * 10)
        assert asked.wait(20)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    wait_until(lambda: shop.outcomes, what="settled")
    assert [(outcome.outcome, outcome.units) for outcome in shop.outcomes] == [("client_closed", 0)]
    assert len(shop.received) == 1


def test_an_answer_of_http_1_0_that_breaks_off_ends_with_a_reset(shop: Shop, protocol: str) -> None:
    """Its end is the end of the connection, which must not look like one."""
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn closes a connection in one way only")

    async def dies(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.chunk(b"the first half")
        raise OSError("dead")

    shop.backend_does(dies)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head().replace(b"HTTP/1.1", b"HTTP/1.0"))
        with pytest.raises(ConnectionResetError):
            connection.read_all()
    wait_until(lambda: shop.outcomes, what="settled")
    assert [(outcome.outcome, outcome.units) for outcome in shop.outcomes] == [("upstream_aborted", 0)]


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_consumer_that_leaves_in_mid_answer_pays_for_it(shop: Shop, framing: str) -> None:
    async def endless(exchange: Exchange) -> None:
        lines = "Content-Length: 1000000000" if framing == "length" else "Transfer-Encoding: chunked"
        await exchange.send(f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n".encode())
        while True:
            await (exchange.send(b"x" * 1000) if framing == "length" else exchange.chunk(b"x" * 1000))
            await asyncio.sleep(0.01)

    shop.backend_does(endless)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        connection.read_until(b"xxxx")
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "client_closed", 1)
    assert 0 < outcome.response_bytes < 10 * MIB


def test_a_consumer_that_leaves_in_mid_upload_pays_nothing(shop: Shop) -> None:
    arrived = threading.Event()

    async def upload(exchange: Exchange) -> None:
        async for piece in body_of(exchange.request, exchange.reader):
            exchange.request.body += piece
            arrived.set()

    shop.backend_does(upload)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Content-Length: 1000\r\n") + b"half")
        assert arrived.wait(20)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units, outcome.request_bytes) == ("client_closed", 0, 4)


@pytest.mark.parametrize(
    ("lines", "sent", "last_words"),
    [
        ("Content-Length: 1000", b"x" * 999, b""),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n", b""),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n", b"zz\r\n"),
        ("Content-Type: text/event-stream\r\nTransfer-Encoding: chunked", b"9\r\ndata: 1\n\n\r\n", b""),
    ],
)
def test_a_backend_that_dies_in_mid_answer_is_seen_and_not_billed(
    shop: Shop, lines: str, sent: bytes, last_words: bytes
) -> None:
    has_begun = threading.Event()

    async def dies(exchange: Exchange) -> None:
        await exchange.send(f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n".encode() + sent)
        await asyncio.to_thread(has_begun.wait, 20)
        if last_words:
            await exchange.send(last_words)
        raise OSError("dies")

    shop.backend_does(dies)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        answer = connection.read_until(b"\r\n\r\n")
        has_begun.set()
        answer += connection.read_all()
    headers, _, body = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200 ")
    # The message is not complete, and the connection ends: nobody can take it for a whole answer.
    if b"content-length" in headers:
        assert len(body) < 1000
    else:
        assert b"transfer-encoding: chunked" in headers
        assert not body.endswith(b"0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "upstream_aborted", 0)


def test_a_chunked_upload_that_grows_too_large_while_the_answer_runs_breaks_it_off(make_shop: MakeShop) -> None:
    shop = make_shop(max_body_bytes=1000)

    async def talks(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.chunk(b"begun")
        await exchange.read_body()

    shop.backend_does(talks)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Transfer-Encoding: chunked\r\n") + b"1\r\nx\r\n")
        connection.read_until(b"begun")
        connection.send(b"7d0\r\n" + b"x" * 2000 + b"\r\n")
        assert not connection.read_all().endswith(b"0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units) == ("request_too_large", 1)
