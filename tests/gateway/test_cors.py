"""Pages of other origins: they may ask, and read the answers, but never with cookies."""

from collections.abc import Callable

import pytest

from tests.fakes.upstream import Exchange
from tests.gateway.shop import Shop
from tests.gateway.wire import Reply

pytestmark = pytest.mark.usefixtures("transactional_db")

PAGE = ("Origin", "https://page.example")


def preflight(shop: Shop, path: str = "/things") -> Reply:
    return shop.anonymous(path, "OPTIONS", [PAGE, ("Access-Control-Request-Method", "POST")])


def test_a_preflight_is_answered_without_a_key_and_not_counted(shop: Shop) -> None:
    reply = preflight(shop)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.get("Access-Control-Allow-Origin") == "*"
    assert reply.get("Access-Control-Allow-Methods") == "GET, HEAD, POST"
    assert "Authorization" in (reply.get("Access-Control-Allow-Headers") or "")
    assert reply.get("Access-Control-Allow-Credentials") is None
    assert reply.get("X-Request-Id")
    assert (shop.received, shop.outcomes, shop.rejections) == ([], [], [])


def test_a_preflight_for_nothing_is_404(shop: Shop) -> None:
    assert preflight(shop, "/nothing").status == 404


def test_a_declared_options_route_is_a_route_like_others_but_for_preflights(shop: Shop) -> None:
    shop.endpoint("/things", "OPTIONS")
    for _ in range(2):  # found, and known
        reply = preflight(shop)  # to which browsers add no key
        assert (reply.status, reply.get("Access-Control-Allow-Methods")) == (204, "GET, HEAD, OPTIONS, POST")
    assert shop.anonymous("/things", "OPTIONS").status == 401
    assert shop.received == []
    assert shop.call("/things", "OPTIONS", [PAGE, ("Access-Control-Request-Method", "POST")]).status == 200
    assert shop.received[-1].method == "OPTIONS"


def test_a_page_may_read_answers_and_refusals(shop: Shop) -> None:
    for reply in (shop.call("/things", headers=[PAGE]), shop.anonymous("/things", headers=[PAGE])):
        assert reply.get("Access-Control-Allow-Origin") == "*"
        assert "RateLimit" in (reply.get("Access-Control-Expose-Headers") or "")
    assert shop.call("/things").get("Access-Control-Allow-Origin") is None


def test_a_backend_that_decides_for_itself_is_left_alone(shop: Shop) -> None:
    async def own(exchange: Exchange) -> None:
        await exchange.answer(200, b"", (("Access-Control-Allow-Origin", "https://only.example"), ("Vary", "Origin")))

    shop.backend_does(own)
    reply = shop.call("/things", headers=[PAGE])
    assert reply.all("Access-Control-Allow-Origin") == ["https://only.example"]
    assert reply.get("Vary") == "Origin"


def test_suspended_products_have_no_preflight(make_shop: Callable[..., Shop]) -> None:
    assert preflight(make_shop(status="suspended")).status == 403
