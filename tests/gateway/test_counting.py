"""The gateway with the real counters: what the in-memory ones of the other tests stand in for."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from django.conf import settings

from apps.core import clock
from apps.core.changes import announce
from apps.keys.services import rotate_key
from apps.subscriptions.services import change_plan_now
from apps.usage.counters.client import CountersClient
from apps.usage.counters.tuning import DEFAULT
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def counting(open_database: None, upstream: FakeUpstream) -> Iterator[Callable[..., Shop]]:
    # No meter runs that would store what is counted: there is nothing to wait for at the end.
    counters = CountersClient(settings.COUNTERS_URL, tuning=replace(DEFAULT, stop_seconds=0.0))
    with running_gateway(allow=[upstream.address], metering=counters) as gateway:
        yield partial(open_shop, gateway, upstream)


def statuses(shop: Shop, calls: int, path: str = "/things") -> Counter[int]:
    with ThreadPoolExecutor(20) as pool:
        return Counter(reply.status for reply in pool.map(shop.call, [path] * calls))


def test_exactly_the_quota_passes_of_many_at_once(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=25)
    assert statuses(shop, 60) == {200: 25, 429: 35}
    assert len(shop.received) == 25


def test_exactly_the_rate_passes_of_many_at_once(counting: Callable[..., Shop]) -> None:
    shop = counting(per_minute=10)
    assert statuses(shop, 40) == {200: 10, 429: 30}
    assert len(shop.received) == 10


def test_several_windows_hold_at_once_for_a_plan_and_for_an_endpoint(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=1000)
    own = shop.endpoint("/own")
    for endpoint, prefix, limits in ((None, "", (50, 3, 5)), (own, "endpoint-", (60, 2, 2))):
        for window, calls in zip(("second", "minute", "hour"), limits, strict=True):
            name = f"{prefix}per-{window}"
            RateLimitFactory(plan=shop.plan, endpoint=endpoint, name=name, window=window, max_calls=calls)
    replies = [shop.call("/things") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    # The tightest decides, and is named.
    assert replies[-1].json()["violated-policies"] == ["per-minute"]
    policies = replies[0].get("RateLimit-Policy") or ""
    assert [part.split(";")[0].strip() for part in policies.split(",")] == [
        '"per-second"', '"per-minute"', '"per-hour"', '"monthly"',
    ]  # fmt: skip
    # An endpoint with limits of its own has these in place of the plan's, all of them at once.
    replies = [shop.call("/own") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[-1].json()["violated-policies"] == ["endpoint-per-hour", "endpoint-per-minute"]
    assert '"endpoint-per-second";q=60;w=1' in (replies[0].get("RateLimit-Policy") or "")


def test_a_rotated_key_goes_on_with_the_count_and_other_subscriptions_have_their_own(
    counting: Callable[..., Shop],
) -> None:
    shop, other = counting(quota=3), counting(quota=3)
    assert statuses(shop, 2) == {200: 2}
    actor = make_actor(shop.subscription.organization)
    _, shop.secret = rotate_key(actor=actor, key=shop.key, overlap=dt.timedelta())
    assert statuses(shop, 2) == {200: 1, 429: 1}
    assert statuses(other, 4) == {200: 3, 429: 1}


def test_a_failed_call_gives_its_quota_back(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=2)

    async def fails(exchange: Exchange) -> None:
        await exchange.answer(500)

    shop.backend_does(fails)
    assert statuses(shop, 10) <= Counter({500: 10, 429: 10})
    assert statuses(shop, 5, "/things/1") == {200: 2, 429: 3}


def test_replies_tell_how_the_counters_stand(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=5, per_minute=3)
    replies = [shop.call("/things") for _ in range(4)]
    assert [reply.get("X-RateLimit-Remaining") for reply in replies] == ["2", "1", "0", "0"]
    assert replies[3].json()["violated-policies"] == ["per-minute"]
    assert '"monthly";r=2' in (replies[3].get("RateLimit") or "")


def test_a_reset_of_the_quota_begins_anew(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=1)
    assert statuses(shop, 2) == {200: 1, 429: 1}
    shop.subscription.quota_epoch += 1
    shop.subscription.save()
    announce(f"subscription:{shop.subscription.pk}")
    wait_until(lambda: shop.call("/things").status == 200, seconds=5, what="the new quota")


def test_an_upgrade_carries_over_what_was_used(counting: Callable[..., Shop]) -> None:
    shop = counting(quota=3)
    assert statuses(shop, 5) == {200: 3, 429: 2}
    larger = PlanFactory(tier=shop.tier, price_amount=0, quota_on_change="carry_over")
    QuotaFactory(plan=larger, included_units=4, overage="per_unit", overage_unit_amount="0.5", overage_max_units=2)
    change_plan_now(subscription=shop.subscription, plan=larger, at=clock.now(), actor=None)
    wait_until(lambda: shop.call("/things").status == 200, seconds=5, what="the new plan")
    assert statuses(shop, 10) == {200: 2, 429: 8}


def test_without_redis_a_call_is_refused(open_database: None, upstream: FakeUpstream) -> None:
    nowhere = CountersClient(f"redis://127.0.0.1:{free_port()}/0")
    with running_gateway(allow=[upstream.address], metering=nowhere) as gateway:
        shop = open_shop(gateway, upstream, quota=5)
        shop.call("/things")  # loads what is known from Postgres
        reply = shop.call("/things")
        assert (reply.status, reply.json()["code"], reply.get("Retry-After")) == (503, "unavailable", "1")
        assert shop.received == []
