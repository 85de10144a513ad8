"""What of the backend's answer the consumer gets."""

import datetime as dt
import http.client
from collections.abc import Callable

import pytest

from tests.fakes.upstream import Exchange
from tests.gateway.shop import Shop
from tests.gateway.wire import Reply

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


def answered(shop: Shop, headers: tuple[tuple[str, str], ...], status: int = 200, body: bytes = b"") -> Reply:
    """What the consumer sees when the backend answers with these header lines."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body, headers)

    shop.backend_does(answer)
    return shop.call("/things")


def test_status_headers_and_body_pass_byte_for_byte(shop: Shop) -> None:
    headers = (
        ("X-A", "1"), ("Set-Cookie", "a=1; Path=/"), ("X-A", "2"), ("Set-Cookie", "b=2"), ("ETag", 'W/"x"'),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Server", "theirs/1"), ("Cache-Control", "max-age=5"), ("Age", "3"),
        ("Vary", "Accept"), ("Content-Encoding", "gzip"), ("Via", "1.1 theirs"), ("Retry-After", "7"), ("X_Odd", "1"),
    )  # fmt: skip
    reply = answered(shop, headers, 299, b"\x1f\x8bnot really gzip")
    assert (reply.status, reply.body) == (299, b"\x1f\x8bnot really gzip")
    for name in {name for name, _ in headers} - {"Via"}:
        assert reply.all(name) == [value for header, value in headers if header == name]
    assert reply.all("Via") == ["1.1 theirs", "1.1 api-factory"]


def test_every_reply_is_marked(shop: Shop) -> None:
    reply = answered(shop, (("X-Request-Id", "theirs"), ("Server-Timing", "db;dur=5")))
    assert reply.all("X-Request-Id") == [shop.received[-1].get("X-ApiFactory-Request-Id")]
    theirs, ours = reply.all("Server-Timing")
    assert theirs == "db;dur=5"
    assert ours.startswith("gw;dur=")
    assert ", origin;dur=" in ours
    assert reply.get("Date")


def test_hop_by_hop_headers_of_the_answer_end_here(shop: Shop) -> None:
    reply = answered(
        shop,
        (
            ("Connection", "X-Listed"), ("X-Listed", "1"), ("Keep-Alive", "timeout=5"), ("Upgrade", "h2"),
            ("Proxy-Authenticate", "Basic"), ("Trailer", "X-T"), ("X-Kept", "1"),
        ),
    )  # fmt: skip
    assert reply.get("X-Kept") == "1"
    for name in ("Connection", "X-Listed", "Keep-Alive", "Upgrade", "Proxy-Authenticate", "Trailer"):
        assert reply.get(name) is None, name


def test_orders_to_proxies_and_browsers_about_this_host_do_not_pass(shop: Shop) -> None:
    names = (
        "X-Accel-Redirect", "X-Accel-Buffering", "X-Sendfile", "Alt-Svc", "Strict-Transport-Security",
        "Clear-Site-Data", "X-ApiFactory-Proxy-Secret", "RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining",
    )  # fmt: skip
    reply = answered(shop, tuple((name, "x") for name in names))
    assert [name for name in names if reply.get(name) is not None] == []


@pytest.mark.parametrize(
    ("cookie", "passes"),
    [
        ("a=1", True),
        ("a=1; Path=/; HttpOnly", True),
        ("a=1; Domain=", False),
        ("a=1; Domain=example.com", False),
        ("a=1; domain=.example.com; Path=/", False),
        ("a=1; Domain=127.0.0.1", False),
        ("a=1;DOMAIN = gateway", False),
        ("sessionid=stolen", False),
        (" csrftoken =x; Path=/", False),
        ("=sessionid=stolen; Path=/", False),
        (" = x", False),
    ],
)
def test_cookies_for_other_hosts_and_of_the_portal_are_dropped(shop: Shop, cookie: str, passes: bool) -> None:
    assert answered(shop, (("Set-Cookie", cookie),)).all("Set-Cookie") == ([cookie.strip()] if passes else [])


def test_locations_lead_back_to_the_gateway(shop: Shop) -> None:
    base, public = f"{shop.upstream.url}/{shop.product.slug}-backend", f"{shop.gateway.url}/{shop.product.slug}"
    assert answered(shop, (("Location", f"{base}/things/1?x"),), 302).get("Location") == f"{public}/things/1?x"
    relative = answered(shop, (("Location", f"/{shop.product.slug}-backend/things/1"),), 201)
    assert relative.get("Location") == f"/{shop.product.slug}/things/1"
    assert answered(shop, (("Location", "http://10.0.0.5/internal"),), 302).get("Location") is None
    assert len(shop.received) == 3  # no redirect was followed


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(shop: Shop, status: int) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(f"HTTP/1.1 {status} X\r\nETag: x\r\nContent-Length: 5\r\n\r\n".encode())

    shop.backend_does(answer)
    reply = shop.call("/things")
    assert (reply.status, reply.body, reply.get("ETag")) == (status, b"", "x")
    assert reply.get("Content-Length") is None
    assert reply.get("Transfer-Encoding") is None


SMUGGLED = b"HTTP/1.1 200 OK\r\nSet-Cookie: smuggled=1\r\nContent-Length: 8\r\n\r\nsmuggled"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nsmuggled\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
def test_what_comes_behind_an_answer_is_nobodys(shop: Shop, head: bytes) -> None:
    """More than the length, or a body where there is none: not passed on, and not the answer to the next call."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head + SMUGGLED)

    shop.backend_does(answer)
    for _ in range(3):
        reply = shop.call("/things")
        assert reply.status in (200, 204, 304, 502)
        assert b"smuggled" not in reply.body
        assert reply.all("Set-Cookie") == []
        assert b"smuggled" not in shop.call("/things/1").body
    assert len(shop.received) == len(shop.outcomes)


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 9\r\n\r\nshort", b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n"],
    ids=["a length that is not reached", "a chunk that is none"],
)
def test_a_body_that_is_not_whole_is_never_passed_on_as_a_whole_one(shop: Shop, rest: bytes) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n" + rest)
        raise OSError("closed by the test")

    shop.backend_does(answer)
    try:
        reply = shop.call("/things")
    except (http.client.IncompleteRead, ConnectionError):
        pass  # the connection was visibly broken off
    else:
        assert reply.status == 502
    (outcome,) = shop.outcomes
    assert outcome.outcome in ("upstream_aborted", "upstream_invalid")
    assert outcome.units == 0


def test_a_folded_line_is_one_line_or_none(shop: Shop) -> None:
    """RFC 9112, 5.2: refused, or with a space in the place of the fold."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nX-A: a\r\n Set-Cookie: sessionid=x\r\nContent-Length: 0\r\n\r\n")

    shop.backend_does(answer)
    reply = shop.call("/things")
    assert reply.all("Set-Cookie") == []
    if reply.status == 200:
        assert (reply.get("X-A") or "").split() == ["a", "Set-Cookie:", "sessionid=x"]
    else:
        assert reply.status == 502


def test_head_has_the_length_and_no_body(shop: Shop) -> None:
    async def answer(exchange: Exchange) -> None:
        assert exchange.request.method == "HEAD"
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")

    shop.backend_does(answer)
    reply = shop.call("/things", "HEAD")
    assert (reply.status, reply.body, reply.get("Content-Length")) == (200, b"", "12345")


def test_an_early_hint_is_not_taken_for_the_answer(shop: Shop) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        await exchange.answer(200, b"done")

    shop.backend_does(answer)
    assert shop.call("/things").body == b"done"


def test_a_product_that_ends_says_so_at_every_endpoint_and_the_earlier_date_holds(make_shop: MakeShop) -> None:
    marked, ends = dt.datetime(2024, 7, 1, tzinfo=dt.UTC), dt.datetime(2099, 12, 31, tzinfo=dt.UTC)
    shop = make_shop(deprecated_at=marked, retires_at=ends)
    shop.endpoint("/older", deprecated_at=marked.replace(year=2023), sunset_at=ends.replace(year=2098))
    reply, older = shop.call("/things"), shop.call("/older")
    assert (reply.get("Deprecation"), reply.get("Sunset")) == ("@1719792000", "Thu, 31 Dec 2099 00:00:00 GMT")
    assert (older.get("Deprecation"), older.get("Sunset")) == ("@1688169600", "Wed, 31 Dec 2098 00:00:00 GMT")


def test_deprecated_endpoints_say_so(shop: Shop) -> None:
    marked = dt.datetime(2023, 7, 1, tzinfo=dt.UTC)
    shop.endpoint("/old", deprecated_at=marked, sunset_at=marked.replace(year=2025, month=12, day=31))
    reply = shop.call("/old")
    assert reply.get("Deprecation") == "@1688169600"
    assert reply.get("Sunset") == "Wed, 31 Dec 2025 00:00:00 GMT"
    assert shop.call("/things").get("Deprecation") is None


def test_the_dates_of_the_platform_hold_where_the_backend_has_its_own(shop: Shop) -> None:
    async def own_dates(exchange: Exchange) -> None:
        dates = (("Deprecation", "@1"), ("Sunset", "Fri, 01 Jan 2021 00:00:00 GMT"), ("Link", "</v1>; rel=next"))
        await exchange.answer(200, b"", dates)

    shop.backend_does(own_dates)
    marked = dt.datetime(2023, 7, 1, tzinfo=dt.UTC)
    shop.endpoint("/old", deprecated_at=marked, sunset_at=marked.replace(year=2025))
    reply = shop.call("/old")
    assert reply.all("Deprecation") == ["@1688169600"]  # each has one value
    assert reply.all("Sunset") == ["Tue, 01 Jul 2025 00:00:00 GMT"]
    assert shop.call("/things").all("Deprecation") == ["@1"]
