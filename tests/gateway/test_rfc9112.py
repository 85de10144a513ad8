"""HTTP/1.1 on the wire: every case of `rfc9112.py`, with a good call right behind it on the same connection.

Whatever a client sends, the backend never sees more messages than were counted, and never the whole of a bad one.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.fakes.upstream import FakeUpstream, Received
from tests.gateway.rfc9112 import CASES, CHUNKED, HOST, KEY, LINE, POST, After, Case
from tests.gateway.server import PLAIN_ASGI, RunningGateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

GOOD = LINE + HOST + KEY + b"\r\n"
NEXT = b"GET /~slug~/things/next HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ~key~\r\nConnection: close\r\n\r\n"
BAD = [case for case in CASES if case.after == After.IGNORED and 200 not in case.statuses]


@dataclass
class Mark:
    """What tells the messages of one test from those of the one before, which may arrive late."""

    number: int = 0


MARK = Mark()
Got = Callable[[], list[Received]]


@pytest.fixture(scope="module")
def shop(open_database: None, gateway: RunningGateway, upstream: FakeUpstream) -> Iterator[Shop]:
    shop = open_shop(gateway, upstream)
    yield shop
    # After all of them: no more messages at the backend than were counted, and none that is of no product.
    wait_until(lambda: len(shop.received) <= len(shop.outcomes), what="every call was settled")
    assert all("-backend/things" in request.target for request in upstream.requests)


@pytest.fixture
def got(shop: Shop) -> Iterator[Got]:
    """The messages of this test that the backend got; whatever it got is counted in the end."""
    MARK.number += 1
    yield lambda: [request for request in shop.received if request.get("X-Test") == str(MARK.number)]
    # One that was broken off before it was forwarded is counted and not seen, or seen late.
    wait_until(lambda: len(shop.received) <= len(shop.outcomes), what="every call was settled")


def filled(shop: Shop, message: bytes) -> bytes:
    message = message.replace(KEY, b"X-Test: %d\r\n%b" % (MARK.number, KEY))
    return message.replace(b"~slug~", shop.product.slug.encode()).replace(b"~key~", shop.secret.encode())


def sent(shop: Shop, *messages: bytes) -> bytes:
    """All that comes back for these messages, sent at once, until the gateway ends the connection."""
    answer = b""
    with RawConnection(shop.gateway.port) as connection, contextlib.suppress(ConnectionError):
        connection.send(filled(shop, b"".join(messages)))
        while piece := connection.socket.recv(65536):
            answer += piece
    return answer


def statuses(answer: bytes) -> list[int]:
    """Of the final answers."""
    found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
    return [status for status in found if status >= 200]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_and_the_one_behind_it(shop: Shop, got: Got, case: Case, protocol: str) -> None:
    if protocol == PLAIN_ASGI and case.why_not:
        pytest.skip(case.why_not)
    answer = sent(shop, case.request, NEXT)
    first, *others = statuses(answer) or [0]
    assert first in case.statuses, (case.section, answer[:300])
    if case.after == After.IGNORED:
        assert others == [], (case.section, answer)
    else:
        assert others == [200] or (not others and case.after == After.EITHER), (case.section, answer)
    followed = [request for request in got() if request.target.endswith("/things/next")]
    assert len(followed) == len(others)
    assert len([request for request in got() if request.is_complete]) == len(others) + (first == 200)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_bad_message_behind_a_good_one(shop: Shop, got: Got, case: Case) -> None:
    """Nothing behind it is read. The good one is counted once, whether or not its answer came through."""
    answer = sent(shop, GOOD, case.request, NEXT)
    assert statuses(answer)[:1] in ([200], []) or case.name == "CONNECT", (case.section, answer)
    assert [status for status in statuses(answer)[1:] if status not in case.statuses] == []
    assert len(statuses(answer)) <= 2
    assert len([request for request in got() if request.is_complete]) <= 1


@pytest.mark.parametrize("name", ["no colon", "chunked twice", "a method in lower case", "CONNECT"])
def test_a_good_call_is_answered_whatever_follows(shop: Shop, name: str, protocol: str) -> None:
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn drops the call that is on its way when what follows cannot be read")
    (case,) = [case for case in CASES if case.name == name]
    answer = sent(shop, GOOD, case.request, NEXT)
    assert statuses(answer) == [200, 400], answer


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"FETCH /~slug~/things HTTP/1.1\r\nHost: gw\r\n\r\n", 501, "method_unknown"),
        (b"get /~slug~/things HTTP/1.1\r\nHost: gw\r\nContent-Length: 1\r\n\r\nx", 501, "method_unknown"),
        (b"\r\nGETX /~slug~/things HTTP/1.1\r\nHost: gw\r\n\r\n", 501, "method_unknown"),
        (b"G@T /~slug~/things HTTP/1.1\r\nHost: gw\r\n\r\n", 400, "bad_request"),
        (b"FETCH /~slug~/things HTTP/1.1\r\nHost : gw\r\n\r\n", 400, "bad_request"),
        (b"FETCH /~slug~/things HTTP/7.1\r\nHost: gw\r\n\r\n", 400, "bad_request"),
        (b"FETCH \r\n\r\n", 400, "bad_request"),
        (b"SSH-2.0-client\r\n", 400, "bad_request"),
    ],
)
def test_a_method_that_is_not_known(shop: Shop, request_: bytes, status: int, code: str, protocol: str) -> None:
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn does not tell it from what is no request")
    answer = sent(shop, request_, NEXT)
    assert statuses(answer) == [status]
    assert b'"code": "%b"' % code.encode() in answer


def test_an_unknown_method_behind_the_beginning_of_a_body(shop: Shop, protocol: str) -> None:
    """What stands in a body, or behind one, is not taken for the start of a request."""
    if protocol == PLAIN_ASGI:
        pytest.skip("uvicorn drops the call that is on its way when what follows cannot be read")
    with RawConnection(shop.gateway.port) as connection:
        connection.send(filled(shop, POST + b"Content-Length: 4\r\n\r\nbo"))
        connection.send(b"dyFETCH / HTTP/1.1\r\nHost: gw\r\n\r\n")
        assert statuses(connection.read_all()) == [200, 400]


def test_the_answers_of_many_pipelined_calls_come_in_order(shop: Shop, got: Got) -> None:
    call = b"GET /~slug~/things/%d HTTP/1.1\r\nHost: gw\r\nX-Api-Key: ~key~\r\n\r\n"
    bodies = CHUNKED + b"4\r\nbody\r\n0\r\n\r\n" + POST + b"Content-Length: 4\r\n\r\nbody"
    answer = sent(shop, *(call % number for number in range(10)), bodies, NEXT)
    assert statuses(answer) == [200] * 13
    positions = [answer.index(b"things/%d" % number) for number in range(10)]
    assert positions == sorted(positions)
    assert [request.body for request in got()[10:]] == [b"body", b"body", b""]


def test_a_body_that_looks_like_a_request_is_a_body(shop: Shop, got: Got) -> None:
    inner = filled(shop, NEXT)
    answer = sent(shop, POST + b"Content-Length: %d\r\n\r\n" % len(inner) + inner, NEXT)
    assert len(got()) == 2
    assert [request.body for request in got()] == [inner, b""]
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize(
    "body", [b"Content-Length: 4\r\n\r\nbody", b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"]
)
def test_the_body_of_a_refused_call_is_not_the_next_request(shop: Shop, got: Got, body: bytes) -> None:
    """Refused before its body was read: what follows is the next call, or nothing."""
    answer = sent(shop, b"POST /~slug~/things HTTP/1.1\r\nHost: gw\r\nX-Api-Key: none\r\n" + body, NEXT)
    assert statuses(answer) in ([401, 200], [401])
    assert len(got()) == len(statuses(answer)) - 1


def test_nothing_is_read_from_what_a_length_does_not_cover(shop: Shop, got: Got) -> None:
    """The second half of a message that was cut too short is no request."""
    answer = sent(shop, POST + b"Content-Length: 2\r\n\r\nbody\r\n", NEXT)
    assert statuses(answer) in ([200, 400], [200], [])
    assert len(got()) <= 1


def test_an_expectation_is_answered_before_the_body_is_sent(shop: Shop, got: Got) -> None:
    with RawConnection(shop.gateway.port) as connection:
        lines = b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"
        connection.send(filled(shop, POST + lines))
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.send(b"body")
        assert connection.read_all().startswith(b"HTTP/1.1 200 ")
    (request,) = got()
    assert (request.body, request.get("Expect")) == (b"body", None)


def test_an_expectation_of_a_refused_call_is_not_met(shop: Shop) -> None:
    lines = b"Host: gw\r\nX-Api-Key: none\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    with RawConnection(shop.gateway.port) as connection:
        connection.send(filled(shop, b"POST /~slug~/things HTTP/1.1\r\n" + lines))
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 401 ")
