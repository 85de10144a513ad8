"""Live and test keys: another backend, no units, the same rate limits; and keys that end while calls go on."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.core import clock
from apps.keys import secret as key_secret
from apps.keys.enums import KeyMode
from apps.keys.models import ApiKey
from apps.keys.services import rotate_key
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.problems import check
from tests.gateway.shop import Shop
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]


def with_test_key(shop: Shop) -> Shop:
    """The same shop, called with a test key of the consumer."""
    made = key_secret.generate(KeyMode.TEST)
    shop.key = ApiKeyFactory(subscription=shop.subscription, generated=made, mode=KeyMode.TEST)
    shop.secret = made.secret
    return shop


def test_a_test_key_calls_the_test_backend_and_takes_no_units(make_shop: MakeShop, upstream: FakeUpstream) -> None:
    shop = make_shop(quota=1, per_minute=3, test_upstream_url=f"{upstream.url}/tests/")
    assert shop.call("/things").status == 200
    assert shop.call("/things").status == 429  # the quota is used up
    with_test_key(shop)
    before = len(upstream.requests)
    reply = shop.call("/things?a=1")
    assert reply.status == 200
    assert [request.target for request in upstream.requests[before:]] == ["/tests/things?a=1"]
    assert shop.outcomes[-1].units == 0
    policies = reply.get("RateLimit-Policy") or ""
    assert "per-minute" in policies
    assert "monthly" not in policies
    assert shop.call("/things").status == 200
    # Two of the three calls a minute were test calls: they take their place.
    assert shop.call("/things").json()["code"] == "rate_limited"
    assert sum(outcome.units for outcome in shop.outcomes) == 1


def test_a_test_key_is_refused_where_the_product_has_no_test_backend(make_shop: MakeShop) -> None:
    shop = with_test_key(make_shop(quota=5))
    check(shop.call("/things"), 403, "test_key_refused")
    assert shop.received == []
    assert shop.rejections[-1].code == "test_key_refused"
    assert shop.rejections[-1].api_key_id == shop.key.pk


def test_both_keys_work_in_the_overlap_and_then_the_new_one(shop: Shop) -> None:
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
