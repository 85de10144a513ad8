"""The limit on calls in flight, with the real counters behind a real gateway."""

import asyncio
import threading
from collections.abc import Iterator

import http_sf
import pytest
import redis
from django.conf import settings

from apps.usage.counters.client import CountersClient
from apps.usage.counters.keys import in_flight
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.problems import check
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import RawConnection, Reply
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def shop(open_database: None, upstream: FakeUpstream) -> Iterator[Shop]:
    """A subscription that may have two calls in flight."""
    with running_gateway(allow=[upstream.address], metering=CountersClient()) as gateway:
        yield open_shop(gateway, upstream, max_concurrent=2, timeout_seconds=1)


def places(shop: Shop) -> int:
    with redis.Redis.from_url(settings.COUNTERS_URL) as connection:
        return int(connection.scard(in_flight(shop.subscription.pk)))


def test_a_call_too_many_is_refused_until_one_ends(shop: Shop) -> None:
    go_on = threading.Event()

    async def held(exchange: Exchange) -> None:
        await asyncio.to_thread(go_on.wait, 20)
        await exchange.answer(200, b"held")

    shop.product.timeout_seconds = 20
    shop.product.save()  # not asked for yet
    shop.backend_does(held)
    replies: list[Reply] = []
    callers = [threading.Thread(target=lambda: replies.append(shop.call("/things"))) for _ in range(2)]
    for caller in callers:
        caller.start()
    wait_until(lambda: places(shop) == 2, what="two calls in flight")
    refused = shop.call("/things")
    document = check(refused, 429, "rate_limited", "https://iana.org/assignments/http-problem-types#quota-exceeded")
    assert document["violated-policies"] == ["concurrency"]
    assert refused.get("Retry-After") == "1"
    assert refused.get("RateLimit-Policy") == '"concurrency";q=2;qu="concurrent-requests"'
    assert refused.get("RateLimit") == '"concurrency";r=0'
    assert http_sf.parse((refused.get("RateLimit") or "").encode(), tltype="list")
    assert refused.get("X-RateLimit-Limit") is None
    assert shop.call("/nothing").get("RateLimit-Policy") is None
    go_on.set()
    for caller in callers:
        caller.join(20)
    assert [reply.status for reply in replies] == [200, 200]
    assert shop.call("/things").status == 200
    assert places(shop) == 0


def test_a_place_is_free_again_after_a_timeout_and_after_a_client_that_left(shop: Shop) -> None:
    async def never(exchange: Exchange) -> None:
        await exchange.reader.read()

    shop.backend_does(never)
    assert shop.call("/things").status == 504
    assert places(shop) == 0
    with RawConnection(shop.gateway.port) as connection:
        connection.send(shop.head())
        wait_until(lambda: places(shop) == 1, what="a call in flight")
    wait_until(lambda: places(shop) == 0, what="the place of the client that left")
