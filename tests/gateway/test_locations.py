"""Redirects of a backend lead to the gateway, to the open internet, or nowhere."""

import pytest

from apps.gateway.engine.messages.locations import Addresses, rewrite_locations

ADDRESSES = Addresses(upstream="https://api.creator.example/v1", public="https://gw.example/weather")


def seen(location: str, addresses: Addresses = ADDRESSES) -> str | None:
    headers = rewrite_locations([(b"location", location.encode("latin-1"))], addresses)
    return headers[0][1].decode("latin-1") if headers else None


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://api.creator.example/v1/a/b?x=1#y", "https://gw.example/weather/a/b?x=1#y"),
        ("http://api.creator.example/v1/a", "https://gw.example/weather/a"),
        ("https://API.creator.example:443/v1/a", "https://gw.example/weather/a"),
        ("//api.creator.example/v1/a", "https://gw.example/weather/a"),
        ("https://api.creator.example/v1", "https://gw.example/weather"),
        ("/v1/a?x", "/weather/a?x"),
        ("/v1", "/weather"),
        ("a/b", "a/b"),
        ("?page=2", "?page=2"),
        ("../up", "../up"),
        ("https://cdn.example.org/file", "https://cdn.example.org/file"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
    ],
)
def test_rewritten(location: str, expected: str) -> None:
    assert seen(location) == expected


@pytest.mark.parametrize(
    "location",
    [
        "https://api.creator.example/other", "https://api.creator.example/v12/a", "https://api.creator.example:8443/v1/a",
        "/other", "/v12", "http://10.0.0.5/x", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/x",
        "http://backend/x", "http://db.internal/x", "http://printer.local./", "http://169.254.169.254/latest",
        "javascript:alert(1)", "file:///etc/passwd", "ftp://files.example.org/", "/\\evil.example", "http://[broken",
        "http://api.creator.example:port/v1", "",
    ],
)  # fmt: skip
def test_left_out(location: str) -> None:
    assert seen(location) is None


def test_a_product_with_a_host_of_its_own() -> None:
    addresses = Addresses(upstream="http://api.creator.example:8080", public="https://weather.gw.example")
    assert seen("http://api.creator.example:8080/a", addresses) == "https://weather.gw.example/a"
    assert seen("/a", addresses) == "/a"
    assert seen("https://api.creator.example/a", addresses) == "https://weather.gw.example/a"


def test_other_headers_stay_in_place() -> None:
    headers = [(b"a", b"1"), (b"content-location", b"/v1/x"), (b"b", b"/v1/x")]
    assert rewrite_locations(headers, ADDRESSES) == [
        (b"a", b"1"),
        (b"content-location", b"/weather/x"),
        (b"b", b"/v1/x"),
    ]
