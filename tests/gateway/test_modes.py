"""Live and test keys: another backend or examples, no units, limits of their own; and keys that end meanwhile."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from apps.core import clock
from apps.keys import secret as key_secret
from apps.keys.enums import KeyMode
from apps.keys.models import ApiKey
from apps.keys.services import rotate_key
from apps.products.services.writing import announce_product
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.problems import check
from tests.gateway.server import PLAIN_ASGI
from tests.gateway.shop import Shop
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


def with_test_key(shop: Shop) -> Shop:
    """The same shop, called with a test key of the consumer."""
    made = key_secret.generate(KeyMode.TEST)
    shop.key = ApiKeyFactory(subscription=shop.subscription, generated=made, mode=KeyMode.TEST)
    shop.secret = made.secret
    return shop


def documented(shop: Shop, **answers: Any) -> Shop:
    """The shop with these responses in the documentation of `GET /things`."""
    endpoint = shop.product.endpoints.get(method="GET", path="/things")
    endpoint.operation = {"responses": {status.lstrip("_"): answer for status, answer in answers.items()}}
    endpoint.save()
    return shop


def test_a_test_key_calls_the_test_backend_and_takes_nothing_of_the_plans_limits(
    make_shop: MakeShop, upstream: FakeUpstream, settings: Settings
) -> None:
    settings.TEST_CALLS_PER_HOUR = 3
    shop = make_shop(quota=1, per_minute=2, max_concurrent=1, test_upstream_url=f"{upstream.url}/tests/")
    live = shop.secret
    assert shop.call("/things").status == 200
    assert shop.call("/things").status == 429  # the quota is used up
    with_test_key(shop)
    before = len(upstream.requests)
    reply = shop.call("/things?a=1")
    assert (reply.status, reply.get("X-ApiFactory-Mock")) == (200, None)
    assert [request.target for request in upstream.requests[before:]] == ["/tests/things?a=1"]
    assert shop.outcomes[-1].units == 0
    assert reply.get("RateLimit-Policy") == '"test-per-hour";q=3;w=3600'
    # Another test key of the subscription shares the allowance; live keys do not.
    with_test_key(shop)
    assert [shop.call("/things").status for _ in range(3)] == [200, 200, 429]
    refused = shop.call("/things").json()
    assert (refused["code"], refused["violated-policies"]) == ("rate_limited", ["test-per-hour"])
    shop.secret = live
    assert shop.call("/things").json()["violated-policies"] == ["monthly"]
    assert sum(outcome.units for outcome in shop.outcomes) == 1


def test_without_a_test_backend_the_documented_example_is_the_answer(make_shop: MakeShop) -> None:
    content = {"application/json": {"example": {"name": "Ägypten"}}}
    shop = with_test_key(documented(make_shop(quota=1), _201={"content": content}, _404={"description": "None"}))
    for _ in range(2):  # the second one from memory
        reply = shop.call("/things?a=1")
        assert (reply.status, reply.json()) == (201, {"name": "Ägypten"})
        assert reply.get("X-ApiFactory-Mock") == "1"
        assert reply.get("Content-Type") == "application/json"
        assert reply.get("X-Request-Id")
    assert shop.call("/things", "HEAD").body == b""
    assert shop.received == []
    assert [(one.status, one.outcome, one.units) for one in shop.outcomes] == [(201, "completed", 0)] * 3
    # A change of the documentation is live within seconds.
    documented(shop, _204={"description": "Nothing"})
    announce_product(shop.product)
    wait_until(lambda: shop.call("/things").status == 204, what="the new example")


def test_what_is_uploaded_is_read_before_the_example_comes(make_shop: MakeShop) -> None:
    shop = make_shop(max_body_bytes=10)
    endpoint = shop.product.endpoints.get(method="POST", path="/things")
    endpoint.operation = {"responses": {"200": {"description": "OK"}}}
    endpoint.save()
    with_test_key(shop)
    reply = shop.call("/things", "POST", body=b"x" * 10)
    assert (reply.status, reply.body, reply.get("X-ApiFactory-Mock")) == (200, b"", "1")
    assert shop.outcomes[-1].request_bytes == 10
    check(shop.call("/things", "POST", body=b"x" * 11), 413, "request_too_large")


def test_a_test_key_is_refused_where_nothing_is_documented_either(make_shop: MakeShop) -> None:
    shop = with_test_key(documented(make_shop(quota=5), _404={"description": "Not there"}))
    check(shop.call("/things"), 403, "test_key_refused")
    assert shop.received == []
    assert shop.rejections[-1].code == "test_key_refused"
    assert shop.rejections[-1].api_key_id == shop.key.pk


def test_both_keys_work_in_the_overlap_and_then_the_new_one(shop: Shop) -> None:
    clock.refresh()  # to where an earlier test has moved it
    actor = make_actor(shop.subscription.organization)
    old = shop.secret
    assert shop.call("/things").status == 200
    _, new = rotate_key(actor=actor, key=shop.key, overlap=dt.timedelta(hours=1))
    for shop.secret in (old, new):
        assert shop.call("/things").status == 200
    # The sandbox clock passes the end of the overlap: the gateway follows within seconds.
    clock.advance(dt.timedelta(hours=1))
    shop.secret = old
    wait_until(lambda: shop.call("/things").status == 401, what="the old key has ended")
    check(shop.call("/things"), 401, "key_expired")
    shop.secret = new
    assert shop.call("/things").status == 200


def test_without_an_overlap_the_old_key_ends_at_once(shop: Shop) -> None:
    assert shop.call("/things").status == 200
    rotate_key(actor=make_actor(shop.subscription.organization), key=shop.key, overlap=dt.timedelta())
    wait_until(lambda: shop.call("/things").status == 401, what="the old key has ended")
    assert not ApiKey.objects.get(pk=shop.key.pk).works_at(clock.now())


@pytest.mark.parametrize(("body", "status"), [(b"b\r\nhello world\r\n0\r\n\r\n", 413), (b"2\r\nto\r\nxyz\r\n", 400)])
def test_an_example_is_not_given_for_a_body_that_is_refused(
    make_shop: MakeShop, body: bytes, status: int, protocol: str
) -> None:
    if protocol == PLAIN_ASGI and status == 400:
        pytest.skip("uvicorn drops the call when its body cannot be read")
    shop = make_shop(max_body_bytes=10)
    endpoint = shop.product.endpoints.get(method="POST", path="/things")
    endpoint.operation = {"responses": {"200": {"description": "OK"}}}
    endpoint.save()
    with_test_key(shop)
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head("POST", "Transfer-Encoding: chunked\r\n") + body)
        assert connection.read_until(b"\r\n").startswith(b"HTTP/1.1 %d " % status)
    wait_until(lambda: shop.outcomes, what="settled")
    assert [(one.status, one.units) for one in shop.outcomes] == [(status, 0)]
