"""The open port: what reaches the application, and what does not."""

import contextlib
import json
import re
import time
from collections.abc import Iterator

import pytest

from apps.gateway import http_protocol
from apps.gateway.server import connection as connection_module
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import PLAIN_ASGI, RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.targets import REFUSED
from tests.gateway.wire import RawConnection, call, raw_call
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

END = "Connection: close\r\n\r\n"


def request_line(shop: Shop, target: bytes, *, key: str = "", method: bytes = b"GET") -> bytes:
    lines = f" HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {key or shop.secret}\r\n{END}"
    return method + b" " + target + lines.encode()


def test_no_spelling_of_a_path_leaves_the_route_that_was_granted(shop: Shop) -> None:
    """Every payload in the middle and at the end of a granted path, with the key of the granted plan."""
    shop.endpoint("/free/{id}")
    shop.endpoint("/free/{id}/{rest}")
    base, granted = f"/{shop.product.slug}-backend/", f"/{shop.product.slug}-backend/free/"
    for payload in [target.lstrip("/") for target in REFUSED]:
        for shape in (f"/free/{payload}/paid/x", f"/free/{payload}", f"/free/x{payload}"):
            target = f"/{shop.product.slug}{shape}".encode()
            answer = raw_call(shop.gateway.port, request_line(shop, target))
            assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 200 ")), (target, answer[:80])
    assert shop.received  # some of them are harmless in the middle of a path
    for request in shop.received:
        path = request.target.partition("?")[0]
        assert path.startswith(granted), path
        assert not {".", "..", ""} & set(path.removeprefix(base).split("/")), path
        assert "%2e" not in path.lower()
        assert "%2f" not in path.lower()


def test_without_a_key_nothing_reaches_the_backend(shop: Shop) -> None:
    before = len(shop.upstream.requests)
    for payload in REFUSED:
        for target in (payload, f"/{shop.product.slug}{payload}", f"/{shop.product.slug}/things/{payload}"):
            raw_call(shop.gateway.port, request_line(shop, target.encode(), key="none"))
    assert len(shop.upstream.requests) == before


@pytest.mark.parametrize("template", ["http://gw/{}/things?a=1", "HTTP://other.example:80/{}/things?a=1"])
def test_the_absolute_form_names_the_host_itself(shop: Shop, template: str) -> None:
    target = template.format(shop.product.slug)
    assert raw_call(shop.gateway.port, request_line(shop, target.encode(), key=shop.secret)).startswith(
        b"HTTP/1.1 200 "
    )
    (received,) = shop.received
    assert received.target == f"/{shop.product.slug}-backend/things?a=1"
    assert received.get("X-Forwarded-Host") == target.split("/")[2]


@pytest.mark.parametrize(
    "template",
    [
        "https://a@b/{}/things",
        "ftp://gw/{}/things",
        "http:///{}/things",
        "http://a b/{}/things",
        "http://gw/./{}/things",
    ],
)
def test_an_absolute_form_that_can_be_read_in_two_ways_is_refused(shop: Shop, template: str) -> None:
    answer = raw_call(shop.gateway.port, request_line(shop, template.format(shop.product.slug).encode()))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "bad_request"' in answer
    assert shop.received == []


@pytest.mark.parametrize(("method", "target"), [(b"OPTIONS", b"*"), (b"CONNECT", b"other:443"), (b"GET", b"other:443")])
def test_other_forms_are_refused(shop: Shop, method: bytes, target: bytes) -> None:
    assert raw_call(shop.gateway.port, request_line(shop, target, method=method)).startswith(b"HTTP/1.1 400 ")


def test_a_fragment_is_refused(shop: Shop) -> None:
    for target in (f"/{shop.product.slug}/things#x", f"/{shop.product.slug}/things?a#x"):
        assert raw_call(shop.gateway.port, request_line(shop, target.encode())).startswith(b"HTTP/1.1 400 ")
    assert shop.received == []


@pytest.mark.parametrize(
    ("method", "statuses"),
    [(b"TRACE", "405"), (b"get", "501 400"), (b"NONSENSE", "501 400"), (b"PROPFIND", "405"), (b"PATCH", "405")],
)
def test_methods_that_no_route_has(shop: Shop, method: bytes, statuses: str) -> None:
    target = f"/{shop.product.slug}/things".encode()
    answer = raw_call(shop.gateway.port, request_line(shop, target, method=method))
    assert answer.split(b" ")[1].decode() in statuses.split()
    assert shop.received == []


SMUGGLING = {
    "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks, oddly": "Transfer-Encoding: xchunked\r\n",
    "chunks, twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "chunks in old spelling": "Transfer-Encoding: \xa0chunked\r\n",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n",
    "a list of lengths": "Content-Length: 5, 5\r\n",
    "signed length": "Content-Length: +5\r\n",
    "length with underscore": "Content-Length: 1_0\r\n",
    "hexadecimal length": "Content-Length: 0x5\r\n",
    "negative length": "Content-Length: -1\r\n",
    "space before colon": "Content-Length : 5\r\n",
    "folded line": "X-A: a\r\n b\r\n",
    "bare line feed": "X-A: a\nX-B: b\r\n",
    "control character": "X-A: a\x00b\r\n",
    "name that is none": "X A: b\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_framing_that_two_servers_could_read_differently_is_refused(shop: Shop, name: str) -> None:
    head = f"POST /{shop.product.slug}/things HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {shop.secret}\r\n{SMUGGLING[name]}\r\n"
    smuggled = f"GET /{shop.product.slug}/things/smuggled HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {shop.secret}\r\n{END}"
    answer = raw_call(shop.gateway.port, head.encode("latin-1") + b"0\r\n\r\n" + smuggled.encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) == 1
    assert shop.received == []


def test_pipelined_calls_are_answered_in_order(shop: Shop) -> None:
    """One of ours in the middle must not overtake the answer of a backend."""
    paths = ("/things/1", "/nothing", "/things/2")
    with RawConnection(shop.gateway.port) as connection:
        for path in paths:
            line = f"GET /{shop.product.slug}{path} HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {shop.secret}\r\n"
            connection.send(line.encode() + (END if path == paths[-1] else "\r\n").encode())
        answers = connection.read_all()
    positions = [answers.index(mark) for mark in (b"things/1", b"route_not_found", b"things/2")]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n", b"GET /"], ids=["value", "name", "target"]
)
@pytest.mark.parametrize("is_behind", [False, True])
def test_a_head_without_an_end_is_refused_before_it_is_whole(shop: Shop, start: bytes, *, is_behind: bool) -> None:
    taken = 0
    with RawConnection(shop.gateway.port) as connection, contextlib.suppress(ConnectionError):
        connection.send((shop.head() if is_behind else b"") + start)
        while taken < 64 * 1024 * 1024:
            connection.send(b"a" * 65536)
            taken += 65536
    # What lies in the buffers on the way, and what is taken to no end, is some megabytes.
    assert taken < 64 * 1024 * 1024


def test_a_head_that_is_too_large_is_refused(shop: Shop) -> None:
    for lines in ("X-A: " + "a" * 70_000, "\r\n".join(f"X-{number}: {'b' * 100}" for number in range(700))):
        request = f"GET /{shop.product.slug}/things HTTP/1.1\r\nHost: gw\r\n{lines}\r\n{END}"
        answer = raw_call(shop.gateway.port, request.encode())
        assert answer.startswith(b"HTTP/1.1 431 ")
        head, _, body = answer.partition(b"\r\n\r\n")
        problem = json.loads(body)
        assert (problem["status"], problem["code"]) == (431, "head_too_large")
        for line in ("content-type: application/problem+json", "via: ", "server-timing: gw;dur="):
            assert f"\r\n{line}".encode() in head
        assert f"\r\nx-request-id: {problem['request_id']}\r\n".encode() in head


@pytest.mark.parametrize("pause", [False, True], ids=["in one packet", "after the head"])
def test_a_trailer_is_no_header_however_the_packets_fall(shop: Shop, pause: bool) -> None:
    """Neither a credential nor a field for the backend."""
    shop.endpoint("/posted", method="POST")
    line = f"POST /{shop.product.slug}/posted HTTP/1.1\r\nHost: gw\r\n"
    head = f"{line}X-Api-Key: {shop.secret}\r\nTransfer-Encoding: chunked\r\n{END}"
    trailer = b"1\r\na\r\n0\r\nX-Trailed: 1\r\n\r\n"
    with RawConnection(shop.gateway.port) as connection:
        send_in_parts(connection, head.encode(), trailer, pause)
        assert connection.read_all().startswith(b"HTTP/1.1 200 ")
    assert "x-trailed" not in {name.lower() for name, _ in shop.received[-1].headers}
    with RawConnection(shop.gateway.port) as connection:
        key = f"0\r\nX-Api-Key: {shop.secret}\r\n\r\n".encode()
        send_in_parts(connection, f"{line}Transfer-Encoding: chunked\r\n{END}".encode(), key, pause)
        assert connection.read_all().startswith(b"HTTP/1.1 401 ")


def send_in_parts(connection: RawConnection, head: bytes, rest: bytes, pause: bool) -> None:
    if not pause:
        connection.send(head + rest)
        return
    connection.send(head)
    # Long enough for the head to be read alone; should it not be, this is the other case.
    time.sleep(0.2)
    with contextlib.suppress(OSError):
        connection.send(rest)


def test_nothing_is_a_valid_request(shop: Shop) -> None:
    answer = raw_call(shop.gateway.port, b"SSH-2.0-OpenSSH\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "bad_request"' in answer


@pytest.fixture
def hurried(
    open_database: None, upstream: FakeUpstream, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningGateway]:
    for module in (connection_module, http_protocol):
        monkeypatch.setattr(module, "HEAD_SECONDS", 0.3)
    with running_gateway(allow=[upstream.address], client_idle_seconds=0.3, protocol=protocol) as gateway:
        yield gateway


def test_a_head_that_does_not_come_is_not_waited_for(hurried: RunningGateway) -> None:
    with RawConnection(hurried.port) as connection:
        assert connection.read_all().startswith(b"HTTP/1.1 408 ")
    with RawConnection(hurried.port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: g")
        assert connection.read_all().startswith(b"HTTP/1.1 408 ")


def test_the_second_head_of_a_connection_is_not_waited_for_either(hurried: RunningGateway) -> None:
    with RawConnection(hurried.port) as connection:
        connection.send(b"GET /nobody HTTP/1.1\r\nHost: gw\r\n\r\n")
        assert connection.read_message().startswith(b"HTTP/1.1 404 ")
        connection.send(b"GET / HTTP/1.1\r\nHost: g")
        assert connection.read_all().startswith(b"HTTP/1.1 408 ")


def test_the_rest_of_a_refused_body_is_not_waited_for(
    hurried: RunningGateway, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn waits for it as long as the client stays")
    monkeypatch.setattr(connection_module, "LINGER_SECONDS", 0.2)
    with RawConnection(hurried.port) as connection:
        connection.send(b"POST /nobody HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\nhalf")
        assert connection.read_message().startswith(b"HTTP/1.1 404 ")
        assert connection.read_all() == b""


def test_who_waits_to_continue_is_not_waited_for(hurried: RunningGateway) -> None:
    with RawConnection(hurried.port) as connection:
        connection.send(b"POST /nobody HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
        answer = connection.read_message()
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_a_body_that_does_not_come_is_not_waited_for(hurried: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(hurried, upstream)
    head = f"POST /{shop.product.slug}/things HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {shop.secret}\r\n"
    with RawConnection(hurried.port) as connection:
        connection.send(head.encode() + b"Content-Length: 10\r\n\r\nhalf")
        answer = connection.read_message()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "request_timeout"' in answer
    (outcome,) = shop.outcomes
    assert (outcome.status, outcome.outcome, outcome.units) == (408, "request_timeout", 0)


def test_a_consumer_that_takes_nothing_is_given_up(hurried: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(hurried, upstream)

    async def much(exchange: Exchange) -> None:
        await exchange.answer(200, bytes(50_000_000))

    shop.backend_does(much)
    with RawConnection(hurried.port) as connection:
        connection.send(request_line(shop, f"/{shop.product.slug}/things".encode()))
        wait_until(lambda: shop.outcomes, what="given up")
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units) == ("client_closed", 1)
    assert outcome.response_bytes < 50_000_000


def test_keys_do_not_get_into_logs(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    call(shop.url(f"/things?api_key={shop.secret}"))
    call(shop.url(f"/nothing?api_key={shop.secret}"))
    shop.backend_does(None)  # type: ignore[arg-type]
    call(shop.url(f"/things?api_key={shop.secret}"))
    assert shop.secret not in caplog.text
