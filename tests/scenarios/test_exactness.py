"""Nothing is counted twice and nothing is lost: with real gateways, a real meter and real clients."""

import asyncio
import datetime as dt
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import aiohttp
import pytest
import redis
from django.conf import settings
from django.db import connection, connections
from pytest_django import DjangoDbBlocker, Settings

from apps.core import clock
from apps.core.ids import uuid7
from apps.plans.specs import QuotaSpec, RateLimitSpec
from apps.usage import selectors as usage_selectors
from apps.usage.models import Rejection, UsageEvent
from config.embedded.valkey import EmbeddedValkey
from tests import processes
from tests.chaos.load import ROUTE, Load
from tests.chaos.proof import prove, wait_for_rest
from tests.client import call
from tests.counters import quota_counter
from tests.database import empty_written_tables
from tests.own_servers import kill, own_valkey
from tests.processes import Server, running, wait_until
from tests.scenarios.world import Contract, contract

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(180), pytest.mark.usefixtures("transactional_db")]

CLIENTS = 50
SETTLED_SECONDS = 60.0


@dataclass
class Installation:
    """What runs for all tests of this module. Each has a product of its own, and leaves everything running."""

    backend: Server
    gateways: list[Server]
    meter: Server
    counters: EmbeddedValkey

    @property
    def urls(self) -> list[str]:
        return [gateway.url for gateway in self.gateways]

    def contract(self, slug: str, units: int, *, per_minute: int = 0) -> Contract:
        """A product that is called at the backend, and a subscription with so many units a month."""
        return contract(
            upstream_url=self.backend.url,
            slug=slug,
            quotas=(QuotaSpec(included_units=units, period="month"),),
            rate_limits=(RateLimitSpec(per_minute, "minute"),) if per_minute else (),
            paths=(("GET", "/get"), ROUTE),
        )


@pytest.fixture(scope="module")
def everything_runs(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Installation]:
    with django_db_blocker.unblock():
        try:
            with processes.backend() as backend, own_valkey() as counters:
                options = {"impatient": True, "counters_url": counters.url}
                upstreams = [processes.address(backend.url)]
                gateways = [processes.gateway(upstreams=upstreams, **options) for _ in range(3)]
                meter = processes.meter(**options)
                with running(*gateways, meter):
                    yield Installation(backend, gateways, meter, counters)
        finally:
            empty_written_tables()
            connections.close_all()


@pytest.fixture
def transactional_db(everything_runs: Installation) -> None:
    """In place of pytest-django's: that there must be a database, and that rows stay until the end."""


@pytest.fixture
def installation(everything_runs: Installation, settings: Settings) -> Installation:
    settings.UPSTREAM_ALLOW = [processes.address(everything_runs.backend.url)]
    settings.COUNTERS_URL = everything_runs.counters.url
    return everything_runs


def call_all(
    gateways: list[str],
    world: Contract,
    calls: int,
    *,
    clients: int = CLIENTS,
    midway: Callable[[], None] | None = None,
    query: str = "",
) -> Counter[int]:
    """Make this many calls from so many clients at once, over all gateways in turn; the statuses seen.

    A call whose connection broke before the whole answer was there counts as status 0. `midway` runs once,
    in a thread, when half of the calls have been answered.
    """
    return asyncio.run(_call_all(gateways, world, calls, clients, midway, query))


async def _call_all(
    gateways: list[str], world: Contract, calls: int, clients: int, midway: Callable[[], None] | None, query: str
) -> Counter[int]:
    seen: Counter[int] = Counter()
    numbers = iter(range(calls))
    urls = itertools.cycle(f"{url}/{world.product.slug}/get{query}" for url in gateways)
    interruptions: list[asyncio.Task[None]] = []

    async def client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            if midway is not None and number == calls // 2:
                interruptions.append(asyncio.create_task(asyncio.to_thread(midway)))
            try:
                async with session.get(next(urls), headers={"X-Api-Key": world.secret}) as answer:
                    await answer.read()
                    seen[answer.status] += 1
            except aiohttp.ClientError:
                seen[0] += 1

    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    await asyncio.gather(*interruptions)
    return seen


def answered(seen: Counter[int], *, of: int, broken: bool = False) -> int:
    """How many calls were answered with 200.

    A call that finds Redis silent for too long is refused with 503, by design, and on a busy machine a few are;
    every other call is answered, or `broken` off where a process was killed.
    """
    assert seen[200] + seen[503] + (seen[0] if broken else 0) == of, seen
    assert seen[503] < of // 20, seen
    return seen[200]


def among_refused(seen: Counter[int], *, of: int) -> int:
    """How many calls were answered with 200 where a limit refused the others, or as in `answered` a silent Redis."""
    assert seen[200] + seen[429] + seen[503] == of, seen
    assert seen[503] < of // 20, seen
    return seen[200]


def rows(world: Contract) -> int:
    return UsageEvent.objects.filter(subscription=world.subscription, units=1).count()


def counter_value(world: Contract) -> int:
    """What the quota counter in Redis stands at."""
    return quota_counter(world.subscription.pk)


def assert_all_agree(world: Contract, whole: int) -> None:
    """Rows, counter and the pages' figure come to the number of billable answers that the clients saw whole."""
    wait_until(lambda: rows(world) >= whole, seconds=SETTLED_SECONDS, what=f"{whole} rows (have {rows(world)})")
    wait_until(
        lambda: counter_value(world) == whole,
        seconds=SETTLED_SECONDS,
        what=f"the counter at {whole} (is {counter_value(world)})",
    )
    assert rows(world) == whole
    assert UsageEvent.objects.filter(subscription=world.subscription).exclude(units=1).count() == 0
    (quota,) = usage_selectors.quota_usage(world.subscription)
    assert quota.used == whole


def test_exactly_the_ten_units_that_are_left_pass_of_200_parallel_calls(installation: Installation) -> None:
    world = installation.contract("ten-left", 50)
    assert call_all(installation.urls, world, 40, clients=4) == {200: 40}
    # Over three gateways: one process has fewer places than that for one subscription.
    seen = call_all(installation.urls, world, 200, clients=200)
    passed = among_refused(seen, of=200)
    assert 10 - seen[503] <= passed <= 10
    # A unit that a call held while Redis was silent is there again when its lease has ended.
    while passed < 10:
        passed += call_all(installation.urls, world, 1)[200]
    assert_all_agree(world, 50)
    rejected = Rejection.objects.filter(subscription=world.subscription, status=429)
    wait_until(rejected.exists, what="rejections")
    assert {(r.code, r.policy, r.limit) for r in rejected} == {("quota_exceeded", "monthly", 50)}


def test_2000_calls_from_50_clients_over_three_gateways_are_counted_to_the_call(installation: Installation) -> None:
    world = installation.contract("plain", 1_000_000)
    seen = call_all(installation.urls, world, 2000)
    assert_all_agree(world, answered(seen, of=2000))


@pytest.mark.long
def test_10000_calls_of_random_length_come_to_what_is_invoiced(installation: Installation) -> None:
    world = installation.contract("ten-thousand", 1_000_000)
    before = clock.now()
    seen = call_all(installation.urls, world, 10_000, query="?up_to_ms=40")
    whole = answered(seen, of=10_000)
    assert_all_agree(world, whole)
    quota, after = world.plan.quotas.get(), clock.now() + dt.timedelta(seconds=1)
    billed = usage_selectors.billable_units(world.subscription, quota=quota, start=before, end=after)
    assert billed == whole


def test_exactly_100_of_2000_calls_pass_a_rate_limit_over_three_gateways(installation: Installation) -> None:
    world = installation.contract("hundred-a-minute", 1_000_000, per_minute=100)
    seen = call_all(installation.urls, world, 2000, clients=200)
    passed = among_refused(seen, of=2000)
    # What a call took from the rate while Redis was silent is not given back.
    assert 100 - seen[503] <= passed <= 100
    # The backend saw no other calls: each that is forwarded has a row.
    assert_all_agree(world, passed)
    assert UsageEvent.objects.filter(subscription=world.subscription).count() == passed


@pytest.mark.long
def test_redis_flushed_in_mid_run_loses_and_doubles_nothing(installation: Installation) -> None:
    world = installation.contract("flushed", 1_000_000)

    def flush() -> None:
        redis.Redis.from_url(settings.COUNTERS_URL).flushdb()

    seen = call_all(installation.urls, world, 2000, midway=flush)
    assert_all_agree(world, answered(seen, of=2000))


def test_a_meter_killed_in_mid_run_loses_and_doubles_nothing(installation: Installation) -> None:
    world = installation.contract("meter-killed", 1_000_000)

    def kill() -> None:
        installation.meter.kill()
        installation.meter.start()

    seen = call_all(installation.urls, world, 2000, midway=kill)
    assert_all_agree(world, answered(seen, of=2000))


@pytest.mark.long
def test_a_gateway_killed_in_mid_run_loses_no_answered_call(installation: Installation) -> None:
    world = installation.contract("gateway-killed", 1_000_000)
    victim = installation.gateways[0]
    seen = call_all(installation.urls, world, 2000, midway=victim.kill)
    victim.start()
    whole = answered(seen, of=2000, broken=True)
    assert seen[0] > 0
    # A call that the killed process had settled, and whose last byte it could not send any more, may have
    # a row without an answer: at most as many as the clients had open there.
    wait_until(lambda: rows(world) >= whole, seconds=SETTLED_SECONDS, what="rows")
    wait_until(
        lambda: counter_value(world) == rows(world), seconds=SETTLED_SECONDS, what="the counter equal to the rows"
    )
    assert whole <= rows(world) <= whole + CLIENTS


def test_a_gateway_the_meter_and_redis_killed_under_load_lose_and_double_nothing(installation: Installation) -> None:
    """The short form of `make chaos`."""
    world = installation.contract("chaos", 1_000_000)
    victim, meter, counters = installation.gateways[1], installation.meter, installation.counters
    with Load([world], installation.urls, clients=12) as load:
        load.wait_for_more(20)
        meter.kill()
        kill(counters)
        counters.start()
        meter.launch()
        load.wait_for_more(20)
        time.sleep(1.5)  # longer than a gateway waits before it brings what Redis has not taken
        victim.kill()
        victim.start()
        load.wait_for_more(20)
    wait_for_rest([world.subscription])
    verdict = prove(load.attempts, [world.subscription], counters_url=counters.url)
    assert verdict.holds, verdict
    assert verdict.acknowledged > 100
    assert verdict.broken > 0
    assert verdict.unacknowledged <= verdict.broken
    # And the proof would tell.
    first, second = UsageEvent.objects.filter(subscription=world.subscription)[:2]
    UsageEvent.objects.filter(pk=first.pk).delete()
    second.id = uuid7()
    second.save(force_insert=True)
    wrong = prove(load.attempts, [world.subscription], counters_url=counters.url)
    assert (wrong.lost, wrong.doubled, wrong.holds) == (1, 1, False)


def test_a_key_that_was_called_with_is_nowhere_afterwards(installation: Installation) -> None:
    """Not in the database, not in Redis, not in the output of a process; wherever it stood in the request."""
    world = installation.contract("no-trace", 5)
    gateway, secret = installation.gateways[0], world.secret
    url = f"{gateway.url}/{world.product.slug}/get"
    for sent in ({}, {"X-Api-Key": secret}, {"Authorization": f"Bearer {secret}"}):
        for query in ("", f"?api_key={secret}"):
            call("GET", url + query, headers={**sent, "Referer": f"https://x.example/?api_key={secret}"})
    assert call("GET", f"{url}?api_key={secret}").status == 429
    assert call("GET", f"{gateway.url}/{world.product.slug}/nothing?api_key={secret}").status == 404
    rejected = Rejection.objects.filter(subscription=world.subscription)
    wait_until(lambda: rows(world) == 5 and rejected.exists(), seconds=SETTLED_SECONDS, what="rows and rejections")
    needle = secret.encode()
    with redis.Redis.from_url(settings.COUNTERS_URL) as counters, redis.Redis.from_url(settings.REDIS_URL) as others:
        held = {name: value(client, name) for client in (counters, others) for name in client.scan_iter()}
    assert held
    assert not [name for name, what in held.items() if needle in what]
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}' FROM \"{name}\" AS t WHERE t::text LIKE %s" for name in tables),
            [f"%{secret}%"] * len(tables),
        )
        assert cursor.fetchall() == []
    assert not [server.name for server in (*installation.gateways, installation.meter) if secret in server.log()]


def value(client: "redis.Redis", name: bytes) -> bytes:
    """Everything that a key holds."""
    reads: dict[bytes, Callable[[], object]] = {
        b"string": lambda: client.get(name),
        b"hash": lambda: client.hgetall(name),
        b"set": lambda: client.smembers(name),
        b"zset": lambda: client.zrange(name, 0, -1),
        b"list": lambda: client.lrange(name, 0, -1),
        b"stream": lambda: client.xrange(name),
    }
    return name + repr(reads[client.type(name)]()).encode()
