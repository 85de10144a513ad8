"""The client of backends: which connections it uses again, what it repeats, how long it waits."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from apps.gateway.engine.ports import (
    UpstreamAborted,
    UpstreamBusy,
    UpstreamInvalid,
    UpstreamTimeout,
)
from apps.gateway.upstream import PooledUpstream, pool
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.dialling import asking, body_of, dialling


async def test_connections_are_used_again(client: PooledUpstream, backend: FakeUpstream) -> None:
    for _ in range(5):
        await body_of(await client.send(asking(f"{backend.url}/")))
    assert [request.connection for request in backend.requests] == [1] * 5


async def test_a_connection_is_closed_when_its_answer_was_not_read_to_the_end(
    client: PooledUpstream, backend: FakeUpstream
) -> None:
    async def long(exchange: Exchange) -> None:
        await exchange.answer(200, bytes(10_000_000))

    backend.handlers["/long"] = long
    answer = await client.send(asking(f"{backend.url}/long"))
    await answer.read()
    answer.close()
    await body_of(await client.send(asking(f"{backend.url}/")))
    assert [request.connection for request in backend.requests] == [1, 2]


@pytest.mark.parametrize("arrival", ["with the answer", "while the connection is idle", "unseen by the event loop"])
async def test_bytes_that_nobody_asked_for_are_never_the_answer_to_the_next_call(
    client: PooledUpstream, backend: FakeUpstream, arrival: str
) -> None:
    """A backend that sends a second answer, or a body after HEAD, must not give it to another consumer."""
    go_on, planted = threading.Event(), threading.Event()

    async def plants(exchange: Exchange) -> None:
        await exchange.answer(200, b"mine")
        if arrival != "with the answer":
            await asyncio.to_thread(go_on.wait, 20)
        await exchange.answer(200, b"planted")
        planted.set()

    backend.handlers["/plants"] = plants
    assert await body_of(await client.send(asking(f"{backend.url}/plants"))) == b"mine"
    go_on.set()
    if arrival == "unseen by the event loop":
        assert planted.wait(20)  # the loop stands still: the bytes wait in the socket
    else:
        await asyncio.to_thread(planted.wait, 20)
    assert b"planted" not in await body_of(await client.send(asking(f"{backend.url}/next")))
    assert backend.requests[-1].connection == 2


async def test_a_connection_closed_while_it_was_idle_is_not_used(client: PooledUpstream, backend: FakeUpstream) -> None:
    """Also where it could not be tried again: the end of the connection is seen before anything is sent on it."""
    closed = threading.Event()

    async def closes(exchange: Exchange) -> None:
        await exchange.answer(200, b"ok")
        exchange.writer.close()
        await exchange.writer.wait_closed()
        closed.set()

    backend.handlers["/closes"] = closes
    for number in range(1, 4):
        assert await body_of(await client.send(asking(f"{backend.url}/closes", "POST"))) == b"ok"
        assert closed.wait(20)  # the loop stands still, and has not heard of it
        closed.clear()
        assert backend.requests[-1].connection == number


def closes_second_request(backend: FakeUpstream) -> None:
    """Every connection answers one request and drops the second one unanswered."""

    async def once(exchange: Exchange) -> None:
        if [request.connection for request in backend.requests].count(exchange.request.connection) > 1:
            raise OSError("dropped")
        await exchange.read_body()
        await exchange.answer(200, b"ok")

    backend.fallback = once


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_pooled_connection_that_was_just_closed_costs_one_more_try(
    client: PooledUpstream, backend: FakeUpstream, method: str
) -> None:
    closes_second_request(backend)
    for _ in range(2):
        assert (await client.send(asking(f"{backend.url}/", method))).status == 200
    assert [request.connection for request in backend.requests] == [1, 1, 2]


async def test_what_may_not_happen_twice_is_not_sent_twice(client: PooledUpstream, backend: FakeUpstream) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"

    closes_second_request(backend)
    assert (await client.send(asking(f"{backend.url}/"))).status == 200
    with pytest.raises(UpstreamInvalid):
        await client.send(asking(f"{backend.url}/", "POST"))
    assert (await client.send(asking(f"{backend.url}/"))).status == 200
    with pytest.raises(UpstreamInvalid):
        await client.send(asking(f"{backend.url}/", "PUT", body()))
    assert [request.method for request in backend.requests] == ["GET", "POST", "GET", "PUT"]


async def test_what_a_backend_worked_on_is_not_asked_for_again(client: PooledUpstream, backend: FakeUpstream) -> None:
    async def works_and_dies(exchange: Exchange) -> None:
        if exchange.request.method == "DELETE":
            await asyncio.sleep(0.8)
            raise OSError("dead")
        await exchange.answer(200, b"ok")

    backend.fallback = works_and_dies
    assert await body_of(await client.send(asking(f"{backend.url}/"))) == b"ok"
    with pytest.raises(UpstreamInvalid):
        await client.send(asking(f"{backend.url}/", "DELETE"))
    assert [(request.method, request.connection) for request in backend.requests] == [("GET", 1), ("DELETE", 1)]


async def test_a_fresh_connection_that_ends_without_an_answer_is_not_tried_again(
    client: PooledUpstream, backend: FakeUpstream
) -> None:
    async def drops(exchange: Exchange) -> None:
        raise OSError("dropped")

    backend.fallback = drops
    with pytest.raises(UpstreamInvalid):
        await client.send(asking(f"{backend.url}/"))
    assert len(backend.requests) == 1


# --- time ----------------------------------------------------------------------------------------


async def test_an_upload_may_take_longer_than_the_time_to_the_first_byte(
    client: PooledUpstream, backend: FakeUpstream
) -> None:
    async def slow_body() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.5)
            yield b"x"

    answer = await client.send(asking(f"{backend.url}/", "POST", slow_body(), seconds=1))
    assert answer.status == 200
    assert backend.requests[0].body == b"xxxx"


async def test_a_backend_that_stops_in_mid_answer_is_given_up(
    backend: FakeUpstream,
) -> None:
    async def stops(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await exchange.reader.read()

    backend.fallback = stops
    async with dialling(allow=[backend.address]) as upstream:
        answer = await upstream.send(asking(f"{backend.url}/", idle_seconds=0.2))
        assert await answer.read() == b"hello"
        with pytest.raises(UpstreamTimeout):
            await answer.read()
        answer.close()


async def test_a_connection_that_is_not_accepted_times_out() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        try:
            for filler in fillers:  # the queue of the listener is full now, and more are not accepted
                filler.setblocking(False)  # noqa: FBT003
                filler.connect_ex(address)
            async with dialling(allow=[f"127.0.0.1:{address[1]}"]) as upstream:
                with pytest.raises(UpstreamTimeout):
                    await upstream.send(asking(f"http://127.0.0.1:{address[1]}/", connect_seconds=0.2))
        finally:
            for filler in fillers:
                filler.close()


async def test_a_call_does_not_spend_all_of_its_time_on_waiting_for_a_connection(
    client: PooledUpstream, backend: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CONNECTIONS_MAX", 0)
    monkeypatch.setattr(pool, "POOL_SECONDS", 60)
    request = asking(f"{backend.url}/")
    request.timeouts = replace(request.timeouts, total_seconds=2)
    async with asyncio.timeout(2):
        with pytest.raises(UpstreamBusy):
            await client.send(request)


async def test_a_chunk_that_is_none_ends_the_answer(client: PooledUpstream, backend: FakeUpstream) -> None:
    go_on = threading.Event()

    async def garbles(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.to_thread(go_on.wait, 20)
        await exchange.send(b"zz\r\n")
        await exchange.reader.read()

    backend.fallback = garbles
    answer = await client.send(asking(f"{backend.url}/"))
    assert await answer.read() == b"hello"
    go_on.set()
    with pytest.raises(UpstreamAborted):
        await answer.read()
    answer.close()
