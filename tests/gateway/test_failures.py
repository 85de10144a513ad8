"""The rest of the table of checks: limits, size, backends that fail, and the platform itself."""

import contextlib
import json
from collections.abc import Callable

import pytest

from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.problems import assert_refused, check
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
REDUCED_CAPACITY = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


# --- limits --------------------------------------------------------------------------------------


def test_rate_limited(make_shop: MakeShop) -> None:
    shop = make_shop(per_minute=2, quota=100)
    assert [shop.call("/things").status for _ in range(3)] == [200, 200, 429]
    reply = shop.call("/things")
    document = check(reply, 429, "rate_limited", QUOTA_EXCEEDED)
    assert document["violated-policies"] == ["per-minute"]
    assert 1 <= int(reply.get("Retry-After") or 0) <= 60
    assert int(reply.get("Retry-After") or 0) >= int(reply.get("X-RateLimit-Reset") or 0)
    assert reply.get("X-RateLimit-Remaining") == "0"
    rejection = shop.rejections[-1]
    assert (rejection.code, rejection.policy, rejection.counter, rejection.limit) == (
        "rate_limited",
        "per-minute",
        2,
        2,
    )
    assert (rejection.subscription_id, rejection.api_key_id) == (shop.subscription.pk, shop.key.pk)
    assert len(shop.received) == 2


def test_quota_exceeded(make_shop: MakeShop) -> None:
    shop = make_shop(quota=1)
    assert shop.call("/things").status == 200
    reply = shop.call("/things")
    document = check(reply, 429, "quota_exceeded", QUOTA_EXCEEDED)
    assert document["violated-policies"] == ["monthly"]
    assert int(reply.get("Retry-After") or 0) > 86_400
    rejection = shop.rejections[-1]
    assert (rejection.code, rejection.policy, rejection.counter, rejection.limit) == ("quota_exceeded", "monthly", 1, 1)


def test_refused_calls_take_nothing(make_shop: MakeShop) -> None:
    shop = make_shop(per_minute=3, quota=3, max_body_bytes=10)
    for reply in (
        shop.call("/nothing"),
        shop.call("/things", "DELETE"),
        shop.anonymous("/things"),
        shop.call("/things", "POST", body=b"x" * 11),
        shop.call("/things/..", "GET"),
    ):
        assert reply.status in (400, 401, 404, 405, 413)
    assert [shop.call("/things").status for _ in range(4)] == [200, 200, 200, 429]


# --- size ----------------------------------------------------------------------------------------


def test_declared_body_over_the_limit(make_shop: MakeShop) -> None:
    shop = make_shop(max_body_bytes=10, quota=5)
    check(shop.call("/things", "POST", body=b"x" * 11), 413, "request_too_large")
    assert_refused(shop, "request_too_large")
    assert shop.call("/things", "POST", body=b"x" * 10).status == 200


def test_chunked_body_over_the_limit(make_shop: MakeShop) -> None:
    shop = make_shop(max_body_bytes=10, quota=5)
    reply = shop.call("/things", "POST", [("Transfer-Encoding", "chunked")], b"b\r\nhello world\r\n0\r\n\r\n")
    check(reply, 413, "request_too_large")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (413, "request_too_large", 0)
    assert all(not request.is_complete for request in shop.received)


# --- forward -------------------------------------------------------------------------------------


def test_upstream_unreachable(make_shop: MakeShop) -> None:
    shop = make_shop(upstream_url="http://backend.invalid", quota=5)
    reply = shop.call("/things")
    document = check(reply, 502, "upstream_unreachable")
    assert "invalid" not in str(document["detail"])
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (502, "upstream_unreachable", 0)
    assert reply.get("X-RateLimit-Limit") == "5"


BROKEN_ANSWERS = {
    "no answer": b"",
    "not http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
    "chunks and more": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunks that are not known": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a name with a space": b"HTTP/1.1 200 OK\r\nX A: a\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "a carriage return in a value": b"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: sessionid=x\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 5000 + b"Content-Length: 0\r\n\r\n",
    "control character": b"HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
    "upgrade that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "huge header": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_ANSWERS)
def test_upstream_invalid(shop: Shop, name: str) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.send(BROKEN_ANSWERS[name])
        raise OSError("closed by the test")

    shop.backend_does(broken)
    check(shop.call("/things"), 502, "upstream_invalid")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (502, "upstream_invalid", 0)


def test_upstream_timeout(make_shop: MakeShop) -> None:
    shop = make_shop(timeout_seconds=1, quota=5)

    async def silent(exchange: Exchange) -> None:
        await exchange.reader.read()
        raise OSError("the gateway has left")

    shop.backend_does(silent)
    check(shop.call("/things"), 504, "upstream_timeout")
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (504, "upstream_timeout", 0)
    assert outcome.origin_us >= 1_000_000


# --- platform ------------------------------------------------------------------------------------


def test_unavailable_while_calls_cannot_be_counted(shop: Shop) -> None:
    shop.gateway.metering.is_available = False
    try:
        reply = shop.call("/things")
    finally:
        shop.gateway.metering.is_available = True
    check(reply, 503, "unavailable", REDUCED_CAPACITY)
    assert reply.get("Retry-After") == "1"
    assert shop.received == []


def test_overloaded(open_database: None, upstream: FakeUpstream) -> None:
    with running_gateway(allow=[upstream.address], max_concurrent=0) as gateway:
        shop = open_shop(gateway, upstream)
        reply = shop.call("/things")
        check(reply, 503, "overloaded", REDUCED_CAPACITY)
        assert reply.get("Retry-After") == "1"
        assert shop.received == []


def test_an_error_of_our_own_says_nothing_about_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("apps.gateway.engine.forwarding.exchange.upstream_request", fails)
    reply = shop.call("/things")
    check(reply, 500, "internal_error")
    assert b"secret" not in reply.body
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (500, "gateway_error", 0)


def test_problems_have_a_body_for_every_method_but_head(shop: Shop) -> None:
    reply = shop.anonymous("/things", "HEAD")
    assert (reply.status, reply.body) == (401, b"")
    assert int(reply.get("Content-Length") or 0) > 0
    assert json.loads(shop.anonymous("/things", "POST", body=b"{}").body)["code"] == "key_missing"


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", 502),
        (b"HTTP/1.1 200 OK\r\n", 502),
        (b"HTTP/1.1 103 Early Hints\r\nLink: ", 502),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ", 200),
    ],
    ids=["a value", "a name", "an interim head", "an extension", "a trailer"],
)
def test_an_answer_that_goes_on_without_end_is_not_read_on(shop: Shop, start: bytes, status: int) -> None:
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(start)
        while sent < 64 * 1024 * 1024:
            await exchange.send(b"a" * 65536)
            sent += 65536

    shop.backend_does(endless)
    with RawConnection(shop.gateway.port) as connection, contextlib.suppress(ConnectionError):
        connection.send(shop.head())
        answer = connection.read_message() if status == 502 else connection.read_all()
        assert answer.startswith(b"HTTP/1.1 %d " % status)
    (outcome,) = shop.outcomes
    name = "upstream_invalid" if status == 502 else "upstream_aborted"
    assert (outcome.status, outcome.outcome, outcome.units) == (status, name, 0)
    wait_until(lambda: shop.received[-1].is_broken, what="the backend's connection closed")
    assert sent < 64 * 1024 * 1024
