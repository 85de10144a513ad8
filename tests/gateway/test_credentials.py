"""Where a key may stand, and that nothing of it is left behind."""

import pytest

from apps.gateway.engine.admission.credentials import ConflictingKeys, extract
from apps.gateway.engine.messages.request import Header

KEY, OTHER = b"af_live_one", b"af_live_two"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"authorization", b"Bearer " + KEY)], b""),
        ([(b"authorization", b"bearer   " + KEY)], b""),
        ([(b"x-api-key", KEY)], b""),
        ([], b"api_key=" + KEY),
        ([], b"api%5Fkey=" + KEY),
        ([], b"api_key=af%5Flive_one"),
        ([(b"x-api-key", KEY), (b"x-api-key", KEY), (b"authorization", b"Bearer " + KEY)], b"api_key=" + KEY),
        ([(b"x-api-key", b""), (b"authorization", b"Bearer " + KEY)], b"api_key="),
    ],
)
def test_a_key_is_found_and_removed_wherever_it_stands(headers: list[Header], query: bytes) -> None:
    kept: list[Header] = [(b"accept", b"*/*"), (b"authorization", b"Basic dTpw")]
    credentials = extract([*headers, *kept], query, rapidapi=False)
    assert credentials.secret == KEY.decode()
    assert credentials.headers == kept
    assert credentials.query == b""


def test_other_query_bytes_keep_their_order_and_spelling() -> None:
    query = b"a=1&api_key=" + KEY + b"&a=2&b=%2F&c&&d=%zz&apikey=x&x_api_key=y&=z"
    assert extract([], query, rapidapi=False).query == b"a=1&a=2&b=%2F&c&&d=%zz&apikey=x&x_api_key=y&=z"


def test_a_query_without_a_key_is_not_touched() -> None:
    credentials = extract([(b"x-api-key", KEY)], b"a&b=&=&&c=+%20", rapidapi=False)
    assert credentials.query == b"a&b=&=&&c=+%20"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"x-api-key", KEY), (b"x-api-key", OTHER)], b""),
        ([(b"x-api-key", KEY), (b"authorization", b"Bearer " + OTHER)], b""),
        ([(b"x-api-key", KEY)], b"api_key=" + OTHER),
        ([], b"api_key=" + KEY + b"&api_key=" + OTHER),
    ],
)
def test_two_keys_that_differ_are_refused(headers: list[Header], query: bytes) -> None:
    with pytest.raises(ConflictingKeys):
        extract(headers, query, rapidapi=False)


def test_x_rapidapi_key_counts_only_where_the_product_allows_it() -> None:
    headers: list[Header] = [(b"x-rapidapi-key", KEY)]
    assert extract(headers, b"", rapidapi=True).secret == KEY.decode()
    refused = extract(headers, b"", rapidapi=False)
    assert (refused.secret, refused.headers) == ("", headers)


def test_a_name_with_underscores_is_another_name() -> None:
    assert extract([(b"x_api_key", KEY), (b"x-api_key", KEY)], b"", rapidapi=True).secret == ""


@pytest.mark.parametrize("again", [KEY, KEY.replace(b"_", b"%5F", 1), KEY.replace(b"_", b"%25255f"), b"%e3" + KEY])
def test_a_parameter_that_repeats_the_key_is_removed_too(again: bytes) -> None:
    found = extract([(b"x-api-key", KEY)], b"a=1&token=" + again + b"&b=%2F", rapidapi=False)
    assert found.query == b"a=1&b=%2F"


def test_a_header_that_repeats_the_key_is_removed_too() -> None:
    headers: list[Header] = [
        (b"x-api-key", KEY),
        (b"referer", b"https://page/?api_key=" + KEY),
        (b"x-rapidapi-key", KEY),
    ]
    assert extract(headers, b"", rapidapi=False).headers == []


@pytest.mark.parametrize("value", [b"Basic dTpw", b"Digest x", b"Bearer", b"Bearer ", b""])
def test_no_key(value: bytes) -> None:
    assert extract([(b"authorization", value)], b"q=1", rapidapi=True).secret == ""
