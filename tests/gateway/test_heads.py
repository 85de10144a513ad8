"""What is worked out once for a head is what each call with that head would get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.gateway.engine.admission import heads
from apps.gateway.engine.admission.credentials import ConflictingKeys, extract
from apps.gateway.engine.admission.heads import read_authority, read_head
from apps.gateway.engine.messages import headers as message_headers
from apps.gateway.engine.messages.answer_heads import BadHead, read_answer_head
from apps.gateway.engine.messages.headers import named_in_connection, to_backend
from apps.gateway.engine.messages.request import Header

PORTAL = frozenset({b"sessionid"})
LINES: list[Header] = [
    (b"host", b"gw"), (b"host", b"GW:8001"), (b"x-api-key", b"one"), (b"x-api-key", b"two"),
    (b"authorization", b"Bearer one"), (b"authorization", b"Basic x"), (b"cookie", b"sessionid=1; a=2"),
    (b"connection", b"x-a, close"), (b"x-a", b"1"), (b"referer", b"https://x/?api_key=one"), (b"content-length", b"3"),
    (b"content-length", b"4"), (b"transfer-encoding", b"chunked"), (b"x_api_key", b"one"), (b"x-b", b"\x01"),
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_a_head_is_read_the_same_from_memory(headers: list[Header]) -> None:
    before = list(headers)
    first, again = read_head(headers, PORTAL), read_head(list(headers), PORTAL)
    assert first is again
    assert headers == before
    try:
        credentials = extract(headers, b"", rapidapi=False)
    except ConflictingKeys:
        assert first.credentials is None
        return
    assert first.credentials == credentials
    assert first.to_backend == to_backend(credentials.headers, reserved_cookies=PORTAL, rapidapi=False)


def test_heads_that_differ_in_one_byte_have_keys_of_their_own() -> None:
    one, other = (read_head([(b"host", b"gw"), (b"x-api-key", key)], PORTAL) for key in (b"one", b"onf"))
    assert one.credentials
    assert other.credentials
    assert (one.credentials.secret, other.credentials.secret) == ("one", "onf")
    assert one.key_digest != other.key_digest


@pytest.mark.parametrize("headers", [[(b"x-a", b"1")] * 33, [(b"x-a", b"1" * 2049)], [(b"x" * 2049, b"")]])
def test_what_would_take_much_memory_is_not_kept(headers: list[Header]) -> None:
    kept = heads._kept.cache_info().currsize
    assert read_head(headers, PORTAL).is_sound
    assert heads._kept.cache_info().currsize == kept


def test_what_connection_names_is_kept_where_it_is_short() -> None:
    for value, more in ((b"x-short", 1), (b"x-long," * 40, 0)):
        kept = message_headers._kept.cache_info().currsize
        assert named_in_connection([(b"connection", value)]) >= {value.partition(b",")[0]}
        assert message_headers._kept.cache_info().currsize == kept + more


def test_no_host_is_longer_than_a_name_can_be() -> None:
    assert read_authority(b"a" * 250) == ("a" * 250, "a" * 250)
    assert read_authority(b"a" * 301) == ("", "")


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([], None),
        ([(b"content-length", b" 12 ")], 12),
        ([(b"content-length", b"12"), (b"content-length", b"12")], 12),
        ([(b"transfer-encoding", b"chunked")], None),
    ],
)
def test_the_length_of_an_answer(headers: list[Header], length: int | None) -> None:
    assert read_answer_head("GET", 200, headers).length == length
    assert read_answer_head("HEAD", 200, headers).length == 0
    assert read_answer_head("GET", 304, headers).length == 0


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"+1")],
        [(b"content-length", b"")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"a b", b"1")],
        [(b"", b"1")],
        [(b"x-a", b"a\rb")],
    ],
)
def test_a_head_that_cannot_be_passed_on(headers: list[Header]) -> None:
    for _ in range(2):
        with pytest.raises(BadHead):
            read_answer_head("GET", 200, headers)


def test_same_names_with_other_values_are_not_the_same_head() -> None:
    """Only what the names say is remembered: what `Connection` and a cookie say is read each time."""
    for connection, cookie, passed in (
        (b"close", b"a=1", {b"x-a", b"set-cookie"}),
        (b"x-a", b"a=1", {b"set-cookie"}),
        (b"close", b"sessionid=1", {b"x-a"}),
    ):
        headers = [(b"connection", connection), (b"x-a", b"1"), (b"set-cookie", cookie), (b"content-length", b"2")]
        told = read_answer_head("GET", 200, headers)
        seen = told.for_client(own_host="", reserved_cookies=PORTAL, has_length=True)
        assert {name for name, _ in seen} == passed | {b"content-length"}
