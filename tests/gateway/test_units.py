"""Units that the backend reports: the maximum is held, the report is settled, to the unit."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from apps.gateway.engine.forwarding.units import UnitFault, reported_units, unit_faults
from apps.usage.counters.client import CountersClient
from tests.counters import quota_counter
from tests.factories.plans import QuotaFactory
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.test_modes import with_test_key
from tests.gateway.wire import Reply
from tests.processes import wait_until

MakeShop = Callable[..., Shop]
usefixtures = pytest.mark.usefixtures("transactional_db")
HEADER = "X-Tokens"


@pytest.mark.parametrize(
    ("lines", "units", "fault"),
    [
        ([], 3, None),
        ([b"0"], 0, None),
        ([b" 17 "], 17, None),
        ([b"100"], 100, None),
        ([b"7", b"7"], 7, None),
        ([b"101"], 100, UnitFault.EXCESS),
        ([b"999999999999999"], 100, UnitFault.EXCESS),
        ([b"1000000000000000"], 100, UnitFault.EXCESS),
        ([b"9" * 10_000], 100, UnitFault.EXCESS),
        ([b"0" * 10_000 + b"7"], 7, None),
        ([b"-1"], 3, UnitFault.INVALID),
        ([b"1.5"], 3, UnitFault.INVALID),
        ([b"1e2"], 3, UnitFault.INVALID),
        ([b"\xd9\xa1"], 3, UnitFault.INVALID),
        ([b""], 3, UnitFault.INVALID),
        ([b"7", b"8"], 3, UnitFault.INVALID),
    ],
)
def test_what_a_report_comes_to(lines: list[bytes], units: int, fault: UnitFault | None) -> None:
    before = unit_faults.copy()
    headers = [(b"x-other", b"9"), *((b"x-tokens", line) for line in lines)]
    assert reported_units(headers, name=b"x-tokens", weight=3, maximum=100, request_id="req_1") == units
    assert unit_faults - before == ({fault: 1} if fault else {})


def open_with_units(open_it: MakeShop, *, quota: int = 1000, weight: int = 3, most: int = 100) -> Shop:
    shop = open_it(paths=(), units_header=HEADER)
    QuotaFactory(plan=shop.plan, included_units=quota)
    shop.endpoint("/things", weight=weight, max_units=most)
    return shop


def reporting(units: object, *, status: int = 200) -> Callable[[Exchange], object]:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, b"done", ((HEADER, str(units)),))

    return answer


@usefixtures
def test_the_maximum_is_held_and_the_report_is_billed(make_shop: MakeShop) -> None:
    shop = open_with_units(make_shop, quota=150)

    def call(units: object, **values: int) -> Reply:
        shop.backend_does(reporting(units, **values))  # type: ignore[arg-type]
        return shop.call("/things")

    reply = call(20)
    assert (reply.status, reply.get("X-Usage-Units"), reply.get(HEADER)) == (200, "20", None)
    # What the reply says of the quota was said when the maximum was held.
    assert "r=50" in (reply.get("RateLimit") or "")
    assert "r=30" in (call(0).get("RateLimit") or "")
    assert call("many").get("X-Usage-Units") == "3"
    assert call(5000).get("X-Usage-Units") == "100"
    # 123 of 150 are used: the maximum does not fit any more, whatever the call would have cost.
    refused = call(1)
    assert (refused.status, refused.json()["code"]) == (429, "quota_exceeded")
    # Other calls in flight may give back what they hold, so nobody is told to stay away until the quota begins anew.
    assert "more than the 27 of 150 units" in refused.json()["detail"]
    assert refused.get("Retry-After") == "60"
    assert [outcome.units for outcome in shop.outcomes] == [20, 0, 3, 100]


@usefixtures
def test_a_failure_costs_nothing_and_what_reports_nothing_costs_its_weight(make_shop: MakeShop) -> None:
    shop = open_with_units(make_shop)
    shop.backend_does(reporting(20, status=500))  # type: ignore[arg-type]
    assert shop.call("/things").get("X-Usage-Units") == "0"
    del shop.upstream.handlers[f"/{shop.product.slug}-backend/things"]
    assert shop.call("/things").get("X-Usage-Units") == "3"
    assert [outcome.units for outcome in shop.outcomes] == [0, 3]


@usefixtures
def test_where_it_is_off_the_header_is_the_backends_own(make_shop: MakeShop, upstream: FakeUpstream) -> None:
    fixed = make_shop(paths=(("GET", "/things"),), units_header=HEADER, quota=10)
    without_header = make_shop(paths=())
    without_header.endpoint("/things", weight=2, max_units=50)
    tests = with_test_key(open_with_units(lambda **values: make_shop(test_upstream_url=f"{upstream.url}/t", **values)))
    upstream.handlers["/t/things"] = reporting(7)  # type: ignore[assignment]
    for shop, units in ((fixed, 1), (without_header, 2), (tests, 0)):
        shop.backend_does(reporting(7))  # type: ignore[arg-type]
        reply = shop.call("/things")
        assert (reply.get(HEADER), reply.get("X-Usage-Units")) == ("7", None)
        assert shop.outcomes[-1].units == units


@pytest.fixture
def counted(open_database: None, upstream: FakeUpstream) -> Iterator[Shop]:
    with running_gateway(allow=[upstream.address], metering=CountersClient()) as gateway:
        yield open_with_units(lambda **values: open_shop(gateway, upstream, **values), quota=10**6, most=1000)


def test_parallel_calls_are_counted_to_the_unit(counted: Shop) -> None:
    """M13: the counter is the sum of what was reported, and nothing is left held."""
    reports = [random.Random(7).randrange(1001) for _ in range(150)]
    numbers = iter(reports)

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, b"ok", ((HEADER, str(next(numbers))),))

    counted.backend_does(answer)
    with ThreadPoolExecutor(10) as callers:
        replies = list(callers.map(lambda _: counted.call("/things"), reports))
    assert sorted(int(reply.get("X-Usage-Units") or -1) for reply in replies) == sorted(reports)
    wait_until(lambda: quota_counter(counted.subscription.pk) == sum(reports), what="the counter")
    with redis.Redis.from_url(settings.COUNTERS_URL) as connection:
        assert not [name for name in connection.scan_iter(match="*:lease") if connection.hlen(name)]


@usefixtures
def test_what_is_billed_is_said_by_the_gateway_alone(shop: Shop) -> None:
    async def answers(exchange: Exchange) -> None:
        await exchange.answer(headers=(("X-Usage-Units", "17"), ("X-Tokens", "17")))

    shop.backend_does(answers)
    reply = shop.call("/things")
    assert (reply.get("X-Usage-Units"), reply.get("X-Tokens")) == (None, "17")
