"""What is billed, and that no answer ends before its call is settled."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from apps.usage.counters.types import CallOutcome, Reservation, Settlement
from tests.fakes.metering import InMemoryMetering
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


class HeldMetering(InMemoryMetering):
    """Settles when the test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.allowed = threading.Event(), threading.Event()

    async def settle(self, reservation: Reservation, outcome: CallOutcome) -> Settlement:
        self.asked.set()
        await asyncio.to_thread(self.allowed.wait, 20)
        return await super().settle(reservation, outcome)


@pytest.fixture
def held(open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    with running_gateway(allow=[upstream.address], metering=HeldMetering()) as gateway:
        yield gateway


def backend_sends(shop: Shop, data: bytes) -> None:
    async def send(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(data)

    shop.backend_does(send)


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 299_999 + b"!"
SMALL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "before", "end"),
    [
        (SIZED, b"x" * 299_999, b"!"),  # all but the last byte
        (SMALL, b"", b"hello"),  # one piece leaves as one
        (CHUNKED, b"5\r\nhello\r\n", b"0\r\n\r\n"),  # all but the mark of the end
        (EMPTY, b"", b"\r\n\r\n"),  # the head itself
    ],
    ids=["sized", "small", "chunked", "empty"],
)
def test_the_end_of_an_answer_waits_for_the_account(
    held: RunningGateway, upstream: FakeUpstream, sent: bytes, before: bytes, end: bytes
) -> None:
    shop = open_shop(held, upstream)
    backend_sends(shop, sent)
    metering = held.metering
    assert isinstance(metering, HeldMetering)
    with RawConnection(held.port) as connection:
        connection.send(shop.head())
        received = connection.read_until(before) if before else b""
        assert metering.asked.wait(20)
        connection.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):  # nothing more comes while the call is not settled
            received += connection.socket.recv(65536)
        assert received.partition(b"\r\n\r\n")[2] == before
        connection.socket.settimeout(20)
        metering.allowed.set()
        received += connection.read_until(end)
    body = received.partition(b"\r\n\r\n")[2]
    if before:
        assert body == before + end
    else:
        assert received.endswith(end)


@pytest.fixture
def abandoning(open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    with running_gateway(
        allow=[upstream.address], metering=InMemoryMetering(settlement=Settlement.ABANDONED)
    ) as gateway:
        yield gateway


@pytest.mark.parametrize("sent", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_an_abandoned_call_is_broken_off(abandoning: RunningGateway, upstream: FakeUpstream, sent: bytes) -> None:
    shop = open_shop(abandoning, upstream)
    backend_sends(shop, sent)
    with RawConnection(abandoning.port) as connection:
        connection.send(shop.head())
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith((b"!", b"0\r\n\r\n"))


@pytest.mark.parametrize("sent", [SMALL, EMPTY], ids=["small", "empty"])
def test_an_abandoned_call_that_has_not_begun_is_refused(
    abandoning: RunningGateway, upstream: FakeUpstream, sent: bytes
) -> None:
    shop = open_shop(abandoning, upstream)
    backend_sends(shop, sent)
    reply = shop.call("/things")
    assert (reply.status, reply.json()["code"]) == (503, "unavailable")


def test_a_lease_lost_in_mid_answer_breaks_it_off(shop: Shop) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await exchange.reader.read()
        raise OSError("closed by the gateway")

    shop.backend_does(endless)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        connection.read_until(b"hello")
        (reservation,) = [
            held for held in shop.gateway.metering.reservations if held.spec.subscription_id == shop.subscription.pk
        ]
        assert reservation.on_abandoned is not None
        loop = shop.gateway.loop
        loop.call_soon_threadsafe(reservation.on_abandoned)
        assert not connection.read_all().endswith(b"0\r\n\r\n")
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    assert shop.outcomes == []  # nothing was settled: the call is not billed


@pytest.mark.parametrize("settlement", [Settlement.ALREADY, Settlement.UNKNOWN, Settlement.DEFERRED])
def test_any_other_word_of_the_account_lets_the_answer_end(
    open_database: None, upstream: FakeUpstream, settlement: Settlement
) -> None:
    with running_gateway(allow=[upstream.address], metering=InMemoryMetering(settlement=settlement)) as gateway:
        assert open_shop(gateway, upstream).call("/things").status == 200


# --- the billing table ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "units"),
    [
        (200, 1),
        (201, 1),
        (204, 1),
        (301, 1),
        (304, 1),
        (400, 1),
        (404, 1),
        (429, 1),
        (500, 0),
        (502, 0),
        (503, 0),
        (599, 0),
    ],
)
def test_the_status_of_the_backend_decides(shop: Shop, status: int, units: int) -> None:
    async def answer(exchange: Exchange) -> None:
        length = b"" if status in (204, 304) else b"Content-Length: 0\r\n"
        await exchange.send(b"HTTP/1.1 %d X\r\n%s\r\n" % (status, length))

    shop.backend_does(answer)
    assert shop.call("/things").status == status
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (status, "completed", units)


def test_a_product_may_list_what_is_billed(make_shop: MakeShop) -> None:
    shop = make_shop(billable_statuses=[200, 503])

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(int(exchange.request.target.rpartition("=")[2]))

    shop.backend_does(answer)
    for status in (200, 201, 404, 503, 500):
        assert shop.call(f"/things?status={status}").status == status
    assert [outcome.units for outcome in shop.outcomes] == [1, 0, 0, 1, 0]


def test_units_are_the_weight_of_the_endpoint(make_shop: MakeShop) -> None:
    shop = make_shop(quota=10)
    shop.endpoint("/heavy", weight=7)
    shop.endpoint("/free", weight=0)
    assert shop.call("/heavy").status == 200
    assert shop.call("/heavy").status == 429
    assert shop.call("/free").status == 200
    assert [outcome.units for outcome in shop.outcomes] == [7, 0]


def test_head_is_billed_as_get(shop: Shop) -> None:
    assert shop.call("/things", "HEAD").status == 200
    assert [outcome.units for outcome in shop.outcomes] == [1]


def test_a_failed_call_gives_its_quota_back(make_shop: MakeShop) -> None:
    shop = make_shop(quota=1)

    async def fails(exchange: Exchange) -> None:
        await exchange.answer(500)

    shop.backend_does(fails)
    assert [shop.call("/things").status for _ in range(3)] == [500, 500, 500]
    assert shop.call("/things/1").status == 200
    assert shop.call("/things/1").status == 429


def test_a_long_stream_says_how_far_it_has_come(open_database: None, upstream: FakeUpstream) -> None:
    with running_gateway(allow=[upstream.address], progress_seconds=0.0) as gateway:
        shop = open_shop(gateway, upstream)
        backend_sends(shop, CHUNKED)
        assert shop.call("/things").body == b"hello"
        assert [(outcome.units, outcome.response_bytes) for _, outcome in gateway.metering.progressed] == [(1, 5)]


def test_calls_on_their_way_at_the_end_of_the_process_are_settled(open_database: None, upstream: FakeUpstream) -> None:
    arrived = threading.Event()

    async def endless(exchange: Exchange) -> None:
        arrived.set()
        await exchange.reader.read()
        raise OSError("closed by the gateway")

    with running_gateway(allow=[upstream.address]) as gateway:
        shop = open_shop(gateway, upstream)
        shop.backend_does(endless)
        connection = RawConnection(gateway.port)
        connection.send(shop.head())
        assert arrived.wait(20)
    with connection:
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"gateway_stopped"' in answer
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.status, outcome.units) == ("gateway_stopped", 503, 0)


def test_an_answer_that_has_begun_at_the_end_of_the_process_is_broken_off(
    open_database: None, upstream: FakeUpstream
) -> None:
    async def endless(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nbegun")
        await exchange.reader.read()
        raise OSError("closed by the gateway")

    with running_gateway(allow=[upstream.address]) as gateway:
        shop = open_shop(gateway, upstream)
        shop.backend_does(endless)
        connection = RawConnection(gateway.port)
        connection.send(shop.head())
        connection.read_until(b"begun\r\n")
    with connection:
        assert connection.read_all() == b""  # and not the chunk that says that it is whole
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.status) == ("gateway_stopped", 200)


def test_a_process_that_is_told_to_stop_finishes_what_it_began(open_database: None, upstream: FakeUpstream) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def slow(exchange: Exchange) -> None:
        arrived.set()
        await asyncio.to_thread(go_on.wait, 20)
        await exchange.answer(200, b"done")

    running = running_gateway(allow=[upstream.address])
    gateway = running.__enter__()
    shop = open_shop(gateway, upstream)
    with RawConnection(gateway.port) as idle, RawConnection(gateway.port) as busy:
        idle.send(shop.head())
        idle.read_until(b"\r\n\r\n")
        shop.backend_does(slow)
        busy.send(shop.head())
        assert arrived.wait(20)
        stopping = threading.Thread(target=running.__exit__, args=(None, None, None))
        stopping.start()
        idle.read_all()  # ends: a connection without a call is closed at once
        with pytest.raises(OSError, match="refused"):
            RawConnection(gateway.port)
        go_on.set()
        answer = busy.read_all()
    stopping.join(20)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"done")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert [outcome.outcome for outcome in shop.outcomes] == ["completed", "completed"]
