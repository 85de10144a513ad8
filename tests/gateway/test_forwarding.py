"""What the backend gets, and what of its answer the consumer gets."""

import datetime as dt
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator

import pytest

from apps.gateway.engine.signature import signature
from tests.fakes.upstream import Exchange, FakeUpstream, Received
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import Headers, Reply, call, raw_call

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


def forwarded(shop: Shop, path: str = "/things", headers: Headers = (), **arguments: object) -> Received:
    """Make the call; what the backend got."""
    reply = shop.call(path, headers=headers, **arguments)  # type: ignore[arg-type]
    assert reply.status == 200, reply
    request: Received = shop.received[-1]
    return request


def answered(shop: Shop, headers: tuple[tuple[str, str], ...], status: int = 200, body: bytes = b"") -> Reply:
    """What the consumer sees when the backend answers with these header lines."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body, headers)

    shop.upstream.handlers[f"/{shop.product.slug}-backend/things"] = answer
    return shop.call("/things")


# --- to the backend ------------------------------------------------------------------------------


def test_method_path_query_and_body_arrive_byte_for_byte(shop: Shop) -> None:
    shop.endpoint("/a/{x}", "PUT")
    target = "/a/caf%C3%A9%2cx?b=%2F&a=1&a=2&c&filter[x]=%zz&api_key_not=1"
    body = bytes(range(256)) * 100
    request = forwarded(shop, target, [("Content-Type", "application/x")], method="PUT", body=body)
    assert request.target == f"/{shop.product.slug}-backend{target}"
    assert (request.method, request.body) == ("PUT", body)
    assert request.get("Content-Length") == str(len(body))
    assert request.get("Content-Type") == "application/x"
    assert request.get("Host") == shop.upstream.address


def test_the_path_at_the_backend_may_differ(shop: Shop) -> None:
    shop.endpoint("/public/{id}", upstream_path="/internal/v2/{id}.json")
    assert forwarded(shop, "/public/a%20b?q").target == f"/{shop.product.slug}-backend/internal/v2/a%20b.json?q"


@pytest.mark.parametrize("where", ["bearer", "x-api-key", "query", "query among others", "everywhere"])
def test_the_key_never_reaches_the_backend(shop: Shop, where: str) -> None:
    secret, query, headers = shop.secret, "", []
    if where in ("bearer", "everywhere"):
        headers.append(("Authorization", f"Bearer {secret}"))
    if where in ("x-api-key", "everywhere"):
        headers.append(("X-Api-Key", secret))
    if where in ("query", "everywhere"):
        query = f"?api_key={secret}"
    if where == "query among others":
        query = f"?a=1&api_key={secret}&b=%2F&a=2"
    reply = shop.anonymous(f"/things{query}", headers=[*headers, ("Referer", f"https://page.example/?k={secret}")])
    assert reply.status == 200
    request = shop.received[-1]
    assert secret not in repr(request)
    assert request.target.partition("?")[2] == ("a=1&b=%2F&a=2" if where == "query among others" else "")


def test_a_key_in_a_header_with_underscores_is_no_key_and_is_dropped(shop: Shop) -> None:
    assert shop.anonymous("/things", headers=[("X_Api_Key", shop.secret)]).status == 401
    request = forwarded(shop, headers=[("X_Api_Key", "other"), ("X-Forwarded_For", "1.2.3.4"), ("x_consumer_id", "5")])
    assert all("_" not in name for name, _ in request.headers)


def test_other_credentials_pass(shop: Shop) -> None:
    assert forwarded(shop, headers=[("Authorization", "Basic dTpw")]).get("Authorization") == "Basic dTpw"


def test_repeated_headers_and_their_order_are_kept(shop: Shop) -> None:
    sent = [("X-A", "1"), ("X-B", "2"), ("X-A", "3"), ("X-A", ""), ("Accept", "x/y"), ("X-Unicode", "café")]
    request = forwarded(shop, headers=[(name, value.encode("utf-8").decode("latin-1")) for name, value in sent])
    wanted = {name.lower() for name, _ in sent}
    assert [(name, value) for name, value in request.headers if name.lower() in wanted] == [
        (name.lower(), value) for name, value in sent
    ]


def test_nothing_is_added_that_the_client_did_not_send(shop: Shop) -> None:
    names = {name.lower() for name, _ in forwarded(shop).headers}
    assert names == {
        "host", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
        "x-apifactory-proxy-secret", "x-apifactory-consumer", "x-apifactory-plan", "x-apifactory-request-id",
        "x-apifactory-signature",
    }  # fmt: skip


def test_headers_of_this_hop_end_here(shop: Shop) -> None:
    request = forwarded(
        shop,
        headers=[
            ("Connection", ""), ("Connection", "X-Listed, keep-alive"), ("Connection", " x-also-listed "),
            ("X-Listed", "1"), ("X-Also-Listed", "1"), ("X-Not-Listed", "1"), ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic dTpw"), ("TE", "trailers, gzip"),
            ("Trailer", "X-T"), ("Upgrade", "h2c"), ("HTTP2-Settings", "x"), ("Expect", "100-continue"),
        ],
    )  # fmt: skip
    names = {name.lower() for name, _ in request.headers}
    assert "x-not-listed" in names
    assert not names & {
        "connection", "x-listed", "x-also-listed", "keep-alive", "proxy-connection", "proxy-authorization", "te",
        "trailer", "upgrade", "http2-settings", "expect",
    }  # fmt: skip


def test_a_client_cannot_have_the_gateways_own_headers_removed(shop: Shop) -> None:
    names = "X-ApiFactory-Proxy-Secret, X-ApiFactory-Consumer, X-Forwarded-For, Via, Host, Content-Length, X-Api-Key"
    shop.endpoint("/things/{id}", "POST")
    request = forwarded(shop, "/things/1", [("Connection", names)], method="POST", body=b"abc")
    assert request.get("X-ApiFactory-Proxy-Secret") == shop.product.proxy_secret
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.body == b"abc"


def test_what_a_client_could_only_send_to_deceive_is_replaced(shop: Shop) -> None:
    request = forwarded(
        shop,
        headers=[
            ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/evil"), ("Forwarded", "for=1.2.3.4"),
            ("X-Real-IP", "1.2.3.4"), ("X-ApiFactory-Consumer", "con_forged"), ("X-ApiFactory-Anything", "1"),
            ("X-ApiFactory-Proxy-Secret", "forged"), ("X-RapidAPI-Proxy-Secret", "forged"), ("X-RapidAPI-User", "me"),
        ],
    )  # fmt: skip
    assert request.all("X-Forwarded-For") == ["127.0.0.1"]
    assert request.all("X-Real-IP") == ["127.0.0.1"]
    assert request.all("X-Forwarded-Proto") == ["http"]
    assert request.all("X-Forwarded-Host") == [f"127.0.0.1:{shop.gateway.port}"]
    assert request.all("X-ApiFactory-Proxy-Secret") == [shop.product.proxy_secret]
    assert "forged" not in repr(request)
    for name in ("Forwarded", "X-Forwarded-Prefix", "X-ApiFactory-Anything", "X-RapidAPI-User"):
        assert request.get(name) is None


def test_headers_that_rewrite_urls_elsewhere_are_plain_data_here(shop: Shop) -> None:
    headers = [("X-Original-URL", "/admin"), ("X-Rewrite-URL", "/admin"), ("X-HTTP-Method-Override", "DELETE")]
    request = forwarded(shop, headers=headers)
    assert (request.method, request.target) == ("GET", f"/{shop.product.slug}-backend/things")
    assert request.get("X-Original-URL") == "/admin"


def test_via_is_added_to_what_is_there(shop: Shop) -> None:
    assert forwarded(shop, headers=[("Via", "1.0 other")]).all("Via") == ["1.0 other", "1.1 api-factory"]


def test_cookies_of_the_portal_stay_here(shop: Shop) -> None:
    request = forwarded(shop, headers=[("Cookie", "a=1; sessionid=secret; b=2; csrftoken=x")])
    assert request.get("Cookie") == "a=1; b=2"
    assert forwarded(shop, headers=[("Cookie", "sessionid=secret")]).get("Cookie") is None


def test_the_signature_can_be_checked_by_the_backend(shop: Shop) -> None:
    request = forwarded(shop, "/things/7?x=%2F&y")
    stamp, digest = (part.partition("=")[2] for part in (request.get("X-ApiFactory-Signature") or "").split(","))
    signed = f"{stamp}.GET.{request.target}.{request.get('X-ApiFactory-Request-Id')}"
    assert digest == hmac.new(shop.product.proxy_secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert abs(int(stamp) - time.time()) < 60


def test_the_signature_has_the_documented_form() -> None:
    # Computed with `printf '1700000000.POST./v1/a?b=c.req_1' | openssl dgst -sha256 -hmac afps_secret`.
    made = signature(
        secret="afps_secret", timestamp=1_700_000_000, method="POST", path_and_query="/v1/a?b=c", request_id="req_1"
    )
    assert made == "t=1700000000,v1=3e87ca5a3ef7d36fbd19b8262eb3e52a2f7f004b6db2fb7a604689886d53fb4a"


def test_the_request_id_is_the_same_everywhere(shop: Shop) -> None:
    reply = shop.call("/things")
    request_id = reply.get("X-Request-Id")
    assert shop.received[-1].get("X-ApiFactory-Request-Id") == request_id
    ((spec, _),) = [pair for pair in shop.gateway.metering.settled if pair[0].subscription_id == shop.subscription.pk]
    assert f"req_{spec.event_id.hex}" == request_id
    assert (spec.method, spec.path) == ("GET", "/things")


def test_a_recorded_path_has_no_query_and_at_most_1000_characters(shop: Shop) -> None:
    shop.call(f"/things/{'x' * 2000}?secret=1")
    spec, _ = shop.gateway.metering.settled[-1]
    assert spec.path == f"/things/{'x' * 2000}"[:1000]


def test_the_consumer_is_a_stable_pseudonym_for_each_product(shop: Shop, make_shop: MakeShop) -> None:
    other = make_shop()
    other.subscription.organization = shop.subscription.organization
    other.subscription.save()
    first, second = (forwarded(shop).get("X-ApiFactory-Consumer") for _ in range(2))
    assert first == second
    assert first != forwarded(other).get("X-ApiFactory-Consumer")
    assert shop.subscription.organization.public_id not in (first or "")


def test_rapidapi_compatibility(make_shop: MakeShop, shop: Shop) -> None:
    compatible = make_shop(rapidapi_compatible=True)
    headers = [("X-RapidAPI-Key", compatible.secret), ("X-RapidAPI-Host", "x.p.rapidapi.com")]
    assert compatible.anonymous("/things", headers=headers).status == 200
    request = compatible.received[-1]
    assert request.get("X-RapidAPI-Proxy-Secret") == compatible.product.proxy_secret
    assert request.get("X-RapidAPI-User") == request.get("X-ApiFactory-Consumer")
    assert request.get("X-RapidAPI-Subscription") == compatible.plan.slug.upper()
    assert request.get("X-RapidAPI-Key") is None
    assert request.get("X-RapidAPI-Host") is None
    assert shop.anonymous("/things", headers=[("X-RapidAPI-Key", shop.secret)]).status == 401


# --- to the consumer -----------------------------------------------------------------------------


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

    shop.upstream.handlers[f"/{shop.product.slug}-backend/things"] = answer
    reply = shop.call("/things")
    assert (reply.status, reply.body, reply.get("ETag")) == (status, b"", "x")
    assert reply.get("Content-Length") is None
    assert reply.get("Transfer-Encoding") is None


def test_head_has_the_length_and_no_body(shop: Shop) -> None:
    async def answer(exchange: Exchange) -> None:
        assert exchange.request.method == "HEAD"
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")

    shop.upstream.handlers[f"/{shop.product.slug}-backend/things"] = answer
    reply = shop.call("/things", "HEAD")
    assert (reply.status, reply.body, reply.get("Content-Length")) == (200, b"", "12345")


def test_an_early_hint_is_not_taken_for_the_answer(shop: Shop) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        await exchange.answer(200, b"done")

    shop.upstream.handlers[f"/{shop.product.slug}-backend/things"] = answer
    assert shop.call("/things").body == b"done"


def test_deprecated_endpoints_say_so(shop: Shop) -> None:
    marked = dt.datetime(2023, 7, 1, tzinfo=dt.UTC)
    shop.endpoint("/old", deprecated_at=marked, sunset_at=marked.replace(year=2025, month=12, day=31))
    reply = shop.call("/old")
    assert reply.get("Deprecation") == "@1688169600"
    assert reply.get("Sunset") == "Wed, 31 Dec 2025 00:00:00 GMT"
    assert shop.call("/things").get("Deprecation") is None


# --- by host name, and behind a proxy ------------------------------------------------------------


@pytest.fixture(scope="module")
def fronted(open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    """A gateway with a domain, behind one trusted proxy."""
    page = "https://portal.example/apis/{slug}"
    with running_gateway(
        allow=[upstream.address], domain="gw.example", trusted_proxy_hops=1, product_page=page
    ) as gateway:
        yield gateway


def test_a_product_has_a_host_of_its_own(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    host = f"{shop.product.slug}.GW.example:8443"
    reply = call(f"{fronted.url}/things/5?x", headers=[("Host", host), ("X-Api-Key", shop.secret)])
    assert reply.status == 200
    assert shop.received[-1].target == f"/{shop.product.slug}-backend/things/5?x"
    assert shop.received[-1].get("X-Forwarded-Host") == host
    assert call(f"{fronted.url}/things", headers=[("Host", "nobody.gw.example")]).status == 404
    assert call(f"{fronted.url}/things", headers=[("Host", f"a.{shop.product.slug}.gw.example")]).status == 404
    # The gateway's own name, and any other, go by path.
    assert call(shop.url("/things"), headers=[("Host", "gw.example"), ("X-Api-Key", shop.secret)]).status == 200


def test_a_host_of_its_own_may_have_cookies_and_locations(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    own = f"{shop.product.slug}.gw.example"

    async def answer(exchange: Exchange) -> None:
        cookies = (("Set-Cookie", f"a=1; Domain={own}"), ("Set-Cookie", "b=1; Domain=gw.example"))
        location = ("Location", f"{upstream.url}/{shop.product.slug}-backend/x")
        await exchange.answer(302, b"", (*cookies, location))

    upstream.handlers[f"/{shop.product.slug}-backend/things"] = answer
    headers = [("Host", own), ("X-Api-Key", shop.secret), ("X-Forwarded-Proto", "https")]
    reply = call(f"{fronted.url}/things", headers=headers)
    assert reply.all("Set-Cookie") == [f"a=1; Domain={own}"]
    assert reply.get("Location") == f"https://{own}/x"


def test_the_trusted_proxy_says_who_called(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    headers = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https")]
    request = forwarded(shop, headers=headers)
    assert request.all("X-Forwarded-For") == ["198.51.100.7"]
    assert request.get("X-Forwarded-Proto") == "https"


def test_the_page_of_a_deprecated_endpoint_is_linked(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    shop.endpoint("/old", deprecated_at=dt.datetime(2023, 7, 1, tzinfo=dt.UTC))
    page = f"https://portal.example/apis/{shop.product.slug}"
    assert shop.call("/old").get("Link") == f'<{page}>; rel="deprecation"; type="text/html"'


def test_http_1_0_without_a_host(shop: Shop) -> None:
    answer = raw_call(
        shop.gateway.port, f"GET /{shop.product.slug}/things?api_key={shop.secret} HTTP/1.0\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert shop.received[-1].all("Via") == ["1.0 api-factory"]
