"""How long a backend may take: the product says, and each of its times ends a call in its own way."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import pytest

from apps.gateway.engine.forwarding import waits
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.problems import check
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


async def drip(exchange: Exchange) -> None:
    """An answer without end, a byte at a time."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.chunk(b".")
        await asyncio.sleep(0.05)


async def silent(exchange: Exchange) -> None:
    await exchange.reader.read()
    raise OSError("the gateway has left")


async def stops(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await exchange.chunk(b"begun")
    await silent(exchange)


def test_a_call_that_takes_too_long_before_its_answer(make_shop: MakeShop) -> None:
    shop = make_shop(total_seconds=1, quota=5)
    shop.backend_does(silent)
    check(shop.call("/things"), 504, "upstream_timeout")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (504, "upstream_timeout", 0)
    assert outcome.origin_us >= 990_000
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")


@pytest.mark.parametrize(("times", "backend"), [({"total_seconds": 1}, drip), ({"idle_seconds": 1}, stops)])
def test_an_answer_that_takes_too_long_is_broken_off(
    make_shop: MakeShop, times: dict[str, int], backend: Callable[[Exchange], object]
) -> None:
    shop = make_shop(**times)
    shop.backend_does(backend)  # type: ignore[arg-type]
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "upstream_timeout", 0)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")


def test_the_time_of_a_backend_does_not_pass_while_its_client_uploads(make_shop: MakeShop) -> None:
    shop = make_shop(timeout_seconds=1, connect_seconds=1)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Content-Length: 6\r\n"))
        threading.Event().wait(1.2)
        connection.send(b"abc")
        threading.Event().wait(1.2)
        connection.send(b"def")
        assert connection.read_message().startswith(b"HTTP/1.1 200 ")
    assert shop.received[-1].body == b"abcdef"


def test_a_backend_that_does_not_answer_an_upload_is_late(make_shop: MakeShop) -> None:
    shop = make_shop(timeout_seconds=1, connect_seconds=1)
    shop.backend_does(silent)
    check(shop.call("/things", "POST", body=b"whole"), 504, "upstream_timeout")


def test_an_upload_that_stops_is_not_the_backends_fault(
    open_database: None, upstream: FakeUpstream, protocol: str
) -> None:
    with running_gateway(allow=[upstream.address], client_idle_seconds=1.5, protocol=protocol) as gateway:
        shop = open_shop(gateway, upstream, timeout_seconds=1, connect_seconds=1)
        with RawConnection(gateway.port) as connection:
            connection.send(shop.head("POST", "Content-Length: 6\r\n") + b"abc")
            assert connection.read_message().startswith(b"HTTP/1.1 408 ")
        (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (408, "request_timeout", 0)


def test_without_an_end_an_answer_goes_on(make_shop: MakeShop) -> None:
    shop = make_shop(timeout_seconds=1, connect_seconds=1, idle_seconds=1)

    async def long(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            await exchange.chunk(b".")
            await asyncio.sleep(0.4)
        await exchange.send(b"0\r\n\r\n")

    shop.backend_does(long)
    assert shop.call("/things").body == b"....."
    assert shop.outcomes[-1].outcome == "completed"


def test_a_consumer_that_does_not_read_pays_for_an_answer_that_is_late_for_it(make_shop: MakeShop) -> None:
    shop = make_shop(total_seconds=1)

    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await exchange.chunk(bytes(256 * 1024))

    shop.backend_does(flood)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        wait_until(lambda: shop.outcomes, what="settled")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "client_closed", 1)


@pytest.mark.parametrize(("stall_seconds", "outcome"), [(1.0, ("client_closed", 1)), (20.0, ("upstream_aborted", 0))])
def test_a_consumer_that_stops_reading_until_the_backend_gives_up_pays(
    shop: Shop, stall_seconds: float, outcome: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is slow does not: it may be its network."""
    monkeypatch.setattr(waits, "STALL_SECONDS", stall_seconds)
    stalled = threading.Event()

    async def gives_up(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(2):
                    await exchange.chunk(bytes(256 * 1024))
        stalled.set()
        exchange.writer.transport.abort()

    shop.backend_does(gives_up)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        assert stalled.wait(20)
        with contextlib.suppress(ConnectionError):
            connection.read_all()
    (settled,) = shop.outcomes
    assert (settled.status, settled.outcome, settled.units) == (200, *outcome)


def test_a_consumer_that_stopped_reading_for_a_while_pays_for_an_answer_that_is_late(make_shop: MakeShop) -> None:
    shop = make_shop(total_seconds=2)

    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await exchange.chunk(bytes(64 * 1024))
            await asyncio.sleep(0)

    shop.backend_does(flood)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        connection.read_until(b"\r\n\r\n")
        threading.Event().wait(1)  # the client is what this is about
        with contextlib.suppress(ConnectionError):
            connection.read_all()
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "client_closed", 1)
