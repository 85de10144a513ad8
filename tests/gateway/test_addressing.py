"""Products with a host of their own, and a gateway behind a proxy."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import call, raw_call

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


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

    shop.backend_does(answer)
    headers = [("Host", own), ("X-Api-Key", shop.secret), ("X-Forwarded-Proto", "https")]
    reply = call(f"{fronted.url}/things", headers=headers)
    assert reply.all("Set-Cookie") == [f"a=1; Domain={own}"]
    assert reply.get("Location") == f"https://{own}/x"


def test_the_trusted_proxy_says_who_called(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    headers = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https")]
    assert shop.call("/things", headers=headers).status == 200
    request = shop.received[-1]
    assert request.all("X-Forwarded-For") == ["198.51.100.7"]
    assert request.get("X-Forwarded-Proto") == "https"


@pytest.mark.parametrize("caller", ["198.51.100.7", "::ffff:198.51.100.7", "[::ffff:198.51.100.7]:4711"])
def test_a_key_restricted_to_networks_goes_by_what_the_trusted_proxy_says(
    fronted: RunningGateway, upstream: FakeUpstream, caller: str
) -> None:
    shop = open_shop(fronted, upstream)
    shop.key.allowed_networks = ["198.51.100.0/24"]
    shop.key.save()
    assert shop.call("/things", headers=[("X-Forwarded-For", f"192.0.2.1, {caller}")]).status == 200
    refused = shop.call("/things", headers=[("X-Forwarded-For", "198.51.100.7, 2001:DB8:0::1")])
    assert (refused.status, refused.json()["code"]) == (403, "ip_not_allowed")
    assert refused.json()["detail"].endswith(" 2001:db8::1.")


def test_the_page_of_a_deprecated_endpoint_is_linked(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(fronted, upstream)
    shop.endpoint("/old", deprecated_at=dt.datetime(2023, 7, 1, tzinfo=dt.UTC))
    page = f"https://portal.example/apis/{shop.product.slug}"
    assert shop.call("/old").get("Link") == f'<{page}>; rel="deprecation"; type="text/html"'


def test_a_refusal_tells_who_has_a_key_that_the_endpoint_is_deprecated(
    fronted: RunningGateway, upstream: FakeUpstream
) -> None:
    shop = open_shop(fronted, upstream)
    shop.endpoint("/old", deprecated_at=dt.datetime(2023, 7, 1, tzinfo=dt.UTC))
    shop.key.allowed_networks = ["198.51.100.0/24"]
    shop.key.save()
    refused = shop.call("/old")
    assert (refused.status, refused.all("Deprecation")) == (403, ["@1688169600"])
    page = f"https://portal.example/apis/{shop.product.slug}"
    assert refused.all("Link") == [f'<{page}>; rel="deprecation"; type="text/html"']
    stranger = call(shop.url("/old"))
    assert (stranger.status, stranger.get("Deprecation"), stranger.get("Link")) == (401, None, None)


def test_the_page_of_a_product_that_ends_is_linked(fronted: RunningGateway, upstream: FakeUpstream) -> None:
    ends = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    shop = open_shop(fronted, upstream, retires_at=ends)
    page = f"https://portal.example/apis/{shop.product.slug}"
    assert shop.call("/things").get("Link") == f'<{page}>; rel="sunset"; type="text/html"'
    assert shop.call("/things").get("Deprecation") is None


def test_a_product_whose_backend_is_the_gateway_ends_at_once(gateway: RunningGateway, upstream: FakeUpstream) -> None:
    """The key does not come along, so the second time round nobody calls."""
    looping = open_shop(gateway, upstream)
    with running_gateway(allow=[f"127.0.0.1:{gateway.port}"]) as other:
        looping.gateway = other
        looping.product.upstream_url = f"{gateway.url}/{looping.product.slug}"
        looping.product.save()
        headers = [("Authorization", f"Bearer {looping.secret}"), ("X-RapidAPI-Key", looping.secret)]
        reply = looping.call(f"/things?api_key={looping.secret}", headers=headers)
    assert (reply.status, reply.json()["code"]) == (401, "key_missing")
    assert looping.received == []
    assert len(other.metering.settled) == 1


def test_http_1_0_without_a_host(shop: Shop) -> None:
    answer = raw_call(
        shop.gateway.port, f"GET /{shop.product.slug}/things?api_key={shop.secret} HTTP/1.0\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert shop.received[-1].all("Via") == ["1.0 api-factory"]
