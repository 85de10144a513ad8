"""The body of a request that cannot be read to its end: the consumer is told, and the record says the same."""

from collections.abc import Callable

import pytest

from apps.gateway.bounds import FRAMING_BYTES_MAX
from tests.fakes.upstream import Exchange
from tests.gateway.server import PLAIN_ASGI
from tests.gateway.shop import Shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
CHUNKED = "Transfer-Encoding: chunked\r\n"
EXTENSION = b";" + b"a" * (FRAMING_BYTES_MAX + 100)
INVALID = {
    "a size that is none": (b"4\r\nbody\r\nxyz\r\n", 400, "bad_request"),
    "a chunk longer than its size": (b"2\r\nbody\r\n0\r\n\r\n", 400, "bad_request"),
    "trailers without end": (b"4\r\nbody\r\n0\r\nX-A: " + b"a" * 90_000 + b"\r\n\r\n", 400, "bad_request"),
    "an extension without end": (b"4\r\nbody\r\n1" + EXTENSION, 400, "bad_request"),
    "a long extension of every chunk": (b"4\r\nbody\r\n" + b"1;%b\r\nx\r\n" % (b"a" * 1000) * 100, 400, "bad_request"),
}


@pytest.fixture(autouse=True)
def own_transport(protocol: str) -> None:
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn drops the call when its body cannot be read, and limits no extensions")


@pytest.mark.parametrize("name", INVALID)
def test_a_body_that_cannot_be_read_is_refused_and_recorded_as_that(make_shop: MakeShop, name: str) -> None:
    body, status, code = INVALID[name]
    shop = make_shop(quota=1)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", CHUNKED) + b"2\r\nto\r\n")
        wait_until(lambda: shop.received, what="the upload has begun")
        connection.send(body)
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b'"code": "%b"' % code.encode() in answer
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (status, "request_invalid", 0)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    assert shop.call("/things").status == 200  # the quota has come back


def test_what_small_chunks_need_of_framing_is_no_fault(shop: Shop) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", CHUNKED) + b"01;a=b\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    (received,) = shop.received
    assert received.body == b"x" * 50_000


@pytest.mark.parametrize(
    ("rest", "outcome_name"),
    [(b"xyz\r\n", "request_invalid"), (b"7d0\r\n" + b"x" * 2000 + b"\r\n", "request_too_large")],
    ids=["broken", "too large"],
)
def test_a_bad_body_does_not_make_an_answer_free_that_has_begun(
    make_shop: MakeShop, rest: bytes, outcome_name: str
) -> None:
    shop = make_shop(max_body_bytes=1000)

    async def talks(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.chunk(b"begun")
        await exchange.read_body()

    shop.backend_does(talks)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", CHUNKED) + b"1\r\nx\r\n")
        connection.read_until(b"begun")
        connection.send(rest)
        assert not connection.read_all().endswith(b"0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, outcome_name, 1)
