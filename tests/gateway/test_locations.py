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
        ("https://cdn.example.org/file?a=\\#\\", "https://cdn.example.org/file?a=\\#\\"),
        ("/v1/a..b/.c?x=/../d#/../", "/weather/a..b/.c?x=/../d#/../"),
        ("/v1", "/weather"),
        ("a/b", "a/b"),
        ("?page=2", "?page=2"),
        ("../up", "../up"),
        ("https://cdn.example.org/file", "https://cdn.example.org/file"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ("/v1/caf\u00c3\u00a0", "/weather/caf\u00c3\u00a0"),
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
        "http://api.creator.example:port/v1", "", "/v1//evil.example/x", "https://api.creator.example/v1//evil.example",
        "http://127.1:8310/", "http://0x7f.1/", "http://010.1.2.3/", "http://[64:ff9b::a01:203]/", "http://10.1.2.3%2e/",
        "http://a.home.arpa/", "http://a.ns.svc/", "http://169.254.169.254\\@cdn.example.org/",
        "//localhost\\@cdn.example.org/", "https://api.creator.example\\@cdn.example.org/v1/a",
        "/v1/\t/evil.example", "/v1/../other", "/v1/a/%2E./../..",
        "https://api.creator.example/v1/./a",
    ],
)  # fmt: skip
def test_left_out(location: str) -> None:
    assert seen(location) is None


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ('<https://api.creator.example/v1/a?page=2>; rel="next"', '<https://gw.example/weather/a?page=2>; rel="next"'),
        ('</v1/a>;rel=next, <//8.8.8.8/x>; title="a, <b>"', '</weather/a>;rel=next, <//8.8.8.8/x>; title="a, <b>"'),
        ("<http://10.0.0.5/a>; rel=prev,<?page=3>; rel=next", "<?page=3>; rel=next"),
        (", </v1/a>; rel=next,, <>; rel=self,", "</weather/a>; rel=next, <>; rel=self"),
        ("<mailto:ann@x.example>; rel=author, <urn:x>", "<mailto:ann@x.example>; rel=author, <urn:x>"),
        ('</v1/a>; rel=next; anchor="http://10.0.0.5/"', None),
        ('</v1/a>; rel="http://10.0.0.5/rel", </v1/b>', "</weather/b>"),
        ('</v1/a>; title="Voil\u00e0"', '</weather/a>; title="Voil\u00e0"'),
        ("<http://db.internal/a>; rel=next", None),
        ("<javascript:alert(1)>", None),
        ("http://10.0.0.5/a", None),
        ('<a>; title="b', None),
        ("<a", None),
    ],
)
def test_links(links: str, expected: str | None) -> None:
    headers = rewrite_locations([(b"link", links.encode())], ADDRESSES)
    assert headers == ([] if expected is None else [(b"link", expected.encode())])


@pytest.mark.parametrize(
    ("refresh", "expected"),
    [
        ("5", "5"),
        ("0; url=https://api.creator.example/v1/a", "0; url=https://gw.example/weather/a"),
        ("0;URL='/v1/a'", "0; url=/weather/a"),
        ("1.5, https://cdn.example.org/a", "1.5; url=https://cdn.example.org/a"),
        ("0; url=http://10.0.0.5/a", None),
        ("0; url=javascript:alert(1)", None),
        ("now", None),
    ],
)
def test_refresh(refresh: str, expected: str | None) -> None:
    headers = rewrite_locations([(b"refresh", refresh.encode())], ADDRESSES)
    assert headers == ([] if expected is None else [(b"refresh", expected.encode())])


def test_a_location_never_becomes_another_host() -> None:
    addresses = Addresses(upstream="http://api.creator.example/base", public="https://weather.gw.example")
    assert seen("/base//evil.example/x", addresses) is None
    assert seen("/base/x", addresses) == "/x"


def test_a_product_with_a_host_of_its_own() -> None:
    addresses = Addresses(upstream="http://api.creator.example:8080", public="https://weather.gw.example")
    assert seen("http://api.creator.example:8080/a", addresses) == "https://weather.gw.example/a"
    assert seen("/a", addresses) == "/a"
    assert seen("https://api.creator.example/a", addresses) == "https://weather.gw.example/a"
    below = Addresses(upstream="http://api.creator.example/base", public="https://weather.gw.example")
    assert seen("/base", below) == "/"
    assert seen("/base?x=1", below) == "/?x=1"
    assert seen("http://api.creator.example/base?x=1", below) == "https://weather.gw.example?x=1"


def test_other_headers_stay_in_place() -> None:
    headers = [(b"a", b"1"), (b"content-location", b"/v1/x"), (b"b", b"/v1/x")]
    assert rewrite_locations(headers, ADDRESSES) == [
        (b"a", b"1"),
        (b"content-location", b"/weather/x"),
        (b"b", b"/v1/x"),
    ]
