"""What the backend gets."""

import hashlib
import hmac
import time
from collections.abc import Callable

import pytest

from apps.gateway.engine.signing.backend_signature import signature
from tests.fakes.upstream import Received
from tests.gateway.shop import Shop
from tests.gateway.wire import Headers

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


def forwarded(shop: Shop, path: str = "/things", headers: Headers = (), **arguments: object) -> Received:
    """Make the call; what the backend got."""
    reply = shop.call(path, headers=headers, **arguments)  # type: ignore[arg-type]
    assert reply.status == 200, reply
    request: Received = shop.received[-1]
    return request


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


def test_a_key_that_is_written_with_escapes_stays_out_of_other_headers_too(shop: Shop) -> None:
    hidden = shop.secret.replace("_", "%5F")
    address = ("Referer", f"https://page.example/?api_key={hidden}")
    assert shop.anonymous(f"/things?api_key={hidden}", headers=[address]).status == 200
    assert shop.call("/things", headers=[address]).status == 200
    assert all(request.get("Referer") is None for request in shop.received)


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


def test_headers_that_elsewhere_make_another_request_of_it_stop_here(shop: Shop) -> None:
    names = (
        "X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-HTTP-Method-Override", "X-HTTP-Method",
        "X-Method-Override", "X-Original-Method", "X-Host", "X-Original-Host", "True-Client-IP", "CF-Connecting-IP",
        "Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "X-Original-Forwarded-For",
    )  # fmt: skip
    request = forwarded(shop, headers=[(name, "DELETE") for name in names])
    assert (request.method, request.target) == ("GET", f"/{shop.product.slug}-backend/things")
    assert [name for name in names if request.get(name) is not None] == []


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


def test_two_secrets_sign_while_the_next_one_is_prepared(make_shop: MakeShop) -> None:
    shop = make_shop(next_proxy_secret="afps_next")
    request = forwarded(shop)
    stamp, *digests = (part.partition("=")[2] for part in (request.get("X-ApiFactory-Signature") or "").split(","))
    signed = f"{stamp}.GET.{request.target}.{request.get('X-ApiFactory-Request-Id')}".encode()
    secrets = ("afps_next", shop.product.proxy_secret)
    assert digests == [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    assert request.get("X-ApiFactory-Proxy-Secret") == shop.product.proxy_secret


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
