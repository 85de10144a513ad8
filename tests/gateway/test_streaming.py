"""Bodies stream both ways: as they come, without growing memory, and whoever leaves is noticed."""

import asyncio
import contextlib
import datetime as dt
import hashlib
import threading
from collections.abc import Callable

import pytest

from apps.core.changes import announce
from apps.gateway.engine.admission import readmission
from tests.fakes.upstream import Exchange, body_of
from tests.gateway.shop import Shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
MIB = 1024 * 1024


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - read at once
        return int(file.read().split()[1]) * 4096


def test_events_leave_while_the_stream_is_open(shop: Shop) -> None:
    go_on = threading.Event()

    async def events(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await exchange.chunk(b"data: one\n\n")
        await asyncio.to_thread(go_on.wait, 20)
        await exchange.chunk(b"data: two\n\n")
        await exchange.send(b"0\r\n\r\n")

    shop.backend_does(events)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        first = connection.read_until(b"data: one\n\n")
        assert b"data: one\n\n" in first
        assert shop.outcomes == []  # not over yet
        go_on.set()
        rest = connection.read_until(b"0\r\n\r\n")
        assert rest.endswith(b"data: two\n\n\r\n0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units, outcome.response_bytes) == ("completed", 1, 22)


def test_a_stream_ends_soon_after_its_key(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readmission, "LOOK_SECONDS", 0.05)

    async def ticks(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await exchange.chunk(b"data: tick\n\n")
            await asyncio.sleep(0.01)

    shop.backend_does(ticks)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        connection.read_until(b"data: tick\n\n")
        shop.key.revoked_at = dt.datetime.now(dt.UTC)
        shop.key.save()
        announce(f"key:{shop.key.pk}")
        with contextlib.suppress(ConnectionError):
            assert not connection.read_all().endswith(b"0\r\n\r\n")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (200, "access_ended", 1)
    wait_until(lambda: shop.received[0].is_broken, what="the backend's side closed")


def test_an_upload_ends_soon_after_its_key(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readmission, "LOOK_SECONDS", 0.05)
    shop = make_shop(quota=1)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Transfer-Encoding: chunked\r\n") + b"2\r\nto\r\n")
        wait_until(lambda: shop.received, what="the upload has begun")
        shop.key.revoked_at = dt.datetime.now(dt.UTC)
        shop.key.save()
        announce(f"key:{shop.key.pk}")

        def has_ended() -> bool:
            with contextlib.suppress(ConnectionError):
                connection.send(b"1\r\nx\r\n")
            return bool(shop.outcomes)

        wait_until(has_ended, what="the upload ended")
        answer = connection.read_until(b"}")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b'"code": "access_ended"' in answer
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (403, "access_ended", 0)
    wait_until(lambda: shop.received[0].is_broken, what="the backend's side closed")


def test_last_event_id_passes(shop: Shop) -> None:
    shop.call("/things", headers=[("Last-Event-ID", "17")])
    assert shop.received[-1].get("Last-Event-ID") == "17"


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_a_download_of_5_mib_arrives_unchanged(shop: Shop, framing: str) -> None:
    body = hashlib.shake_256(b"download").digest(5 * MIB)

    async def download(exchange: Exchange) -> None:
        if framing == "length":
            await exchange.answer(200, body)
            return
        if framing == "chunks":
            await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(body), 100_000):
                await exchange.chunk(body[start : start + 100_000])
            await exchange.send(b"0\r\n\r\n")
            return
        await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        exchange.writer.close()

    shop.backend_does(download)
    reply = shop.call("/things")
    assert (reply.status, len(reply.body)) == (200, len(body))
    assert reply.body == body
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units, outcome.response_bytes) == ("completed", 1, len(body))


def test_100_mib_do_not_pass_through_memory(shop: Shop) -> None:
    size, piece = 100 * MIB, bytes(64 * 1024)

    async def download(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            await exchange.send(piece)

    shop.backend_does(download)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        received = len(connection.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")[2])
        before = highest = resident_bytes()
        while received < size:
            received += len(connection.socket.recv(256 * 1024))
            highest = max(highest, resident_bytes())
    assert received == size
    assert highest - before < 30 * MIB


def test_a_consumer_that_does_not_read_holds_the_backend_back(shop: Shop) -> None:
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await exchange.chunk(bytes(64 * 1024))
            sent += 64 * 1024

    shop.backend_does(endless)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        connection.read_until(b"\r\n\r\n")
        # It fills the buffers on the way and stops: the same amount in two looks, half a second apart.
        looks: list[int] = []

        def has_stopped() -> bool:
            looks.append(sent)
            return len(looks) > 10 and looks[-1] == looks[-10]

        before = resident_bytes()
        wait_until(has_stopped, what="the backend held back")
        # What the backend got rid of stands in the kernel's buffers (which may be tuned large), not in the gateway.
        assert resident_bytes() - before < 30 * MIB


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_an_upload_streams(make_shop: MakeShop, framing: str) -> None:
    shop = make_shop(max_body_bytes=10 * MIB)
    body = hashlib.shake_256(b"upload").digest(3 * MIB)
    arrived = threading.Event()

    async def upload(exchange: Exchange) -> None:
        async for piece in body_of(exchange.request, exchange.reader):
            exchange.request.body += piece
            arrived.set()
        await exchange.answer(200, hashlib.sha256(exchange.request.body).hexdigest().encode())

    shop.backend_does(upload)
    half = len(body) // 2
    with RawConnection(shop.gateway.port) as connection:
        if framing == "length":
            connection.send(shop.head("POST", f"Content-Length: {len(body)}\r\n") + body[:half])
        else:
            connection.send(shop.head("POST", "Transfer-Encoding: chunked\r\n"))
            connection.send(b"%x\r\n%s\r\n" % (half, body[:half]))
        assert arrived.wait(20)  # the backend has the beginning before the end is sent
        rest = body[half:]
        connection.send(rest if framing == "length" else b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
        answer = connection.read_until(hashlib.sha256(body).hexdigest().encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    (request,) = shop.received
    assert request.body == body
    assert request.get("Content-Length") == (str(len(body)) if framing == "length" else None)
    (outcome,) = shop.outcomes
    assert (outcome.request_bytes, outcome.units) == (len(body), 1)


def test_a_body_that_waits_for_permission_gets_it_only_when_the_call_is_let_through(shop: Shop) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Content-Length: 5\r\nExpect: 100-continue\r\n"))
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.send(b"hello")
        assert b'"body": "hello"' in connection.read_until(b"hello")
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("PUT", "Content-Length: 5\r\nExpect: 100-continue\r\n"))
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 405 ")


def test_the_body_of_a_refused_call_is_not_waited_for(shop: Shop) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", f"Content-Length: {10**12}\r\n") + b"x" * 100_000)
        answer = connection.read_until(b'"code": "request_too_large"')
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close\r\n" in answer
        assert connection.read_all().count(b"HTTP/1.1") == 0
    assert shop.received == []


def test_the_connection_lives_on_after_a_small_refused_body(shop: Shop) -> None:
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("PUT", "Content-Length: 5\r\n") + b"hello")
        assert connection.read_message().startswith(b"HTTP/1.1 405 ")
        connection.send(shop.head())
        assert connection.read_message().startswith(b"HTTP/1.1 200 ")


def test_an_answer_may_come_before_the_upload_ends(shop: Shop) -> None:
    async def impatient(exchange: Exchange) -> None:
        await exchange.answer(422, b"no")

    shop.backend_does(impatient)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Content-Length: 1000000\r\n") + b"x" * 1000)
        assert connection.read_until(b"\r\n\r\nno").startswith(b"HTTP/1.1 422 ")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (422, "completed", 1)
