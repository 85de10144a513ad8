"""The address of a call that somebody filled in: every value stays in its place, whatever it is."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.gateway.engine.admission.paths import BadTarget, parse_target
from apps.portal.marketplace.try_out.call import Call, can_be_sent
from apps.products.models import Endpoint, Product
from apps.products.openapi.operation import Parameter

PRODUCT = Product(slug="weather")
TEXTS = st.one_of(
    st.sampled_from(
        ["..", ".", "a/../b", "//evil.example", "?x=1", "#", "%2e%2e", "%", ";a", "@", "\\", "\r\nHost: x"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)


@given(TEXTS, TEXTS, TEXTS)
def test_the_gateway_reads_the_values_that_were_typed_or_refuses(year: str, name: str, value: str) -> None:
    endpoint = Endpoint(method="GET", path="/history/{year}/x-{file}.json")
    call = Call(endpoint, {"year": year, "file": "f" + value}, ((name, value),), (), "", "")
    target = call.target(PRODUCT)
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target
    address = urlsplit(target)
    assert (address.scheme, address.netloc, address.fragment) == ("", "", "")
    query_name, _, query_value = address.query.partition("=")
    assert (unquote(query_name), unquote(query_value)) == (name, value)
    try:
        read = parse_target(target.encode())
    except BadTarget:
        return
    assert read.path.decoded == ("weather", "history", year, f"x-f{value}.json")


@pytest.mark.parametrize(
    ("location", "name", "may"),
    [
        ("path", "host", True),
        ("query", "host", True),
        ("query", "api_key", False),
        ("header", "X-Tag", True),
        ("header", "Host", False),
        ("header", "AUTHORIZATION", False),
        ("header", "X-Forwarded-For", False),
        ("header", "X-ApiFactory-Consumer", False),
        ("header", "Content-Length", False),
        ("header", "Transfer-Encoding", False),
        ("header", "X Tag", False),
        ("header", "X-Tag: a\r\nHost", False),
        ("header", "", False),
        ("header", "X-Größe", False),
    ],
)
def test_what_a_form_may_set(location: str, name: str, may: bool) -> None:
    parameter = Parameter(name, location, required=False, type="string", description="")
    assert can_be_sent(parameter) is may
