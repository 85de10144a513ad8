"""Real Valkey and Postgres; a gateway's client and a meter on the test's own event loop."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from pytest_django import Settings

from apps.core import clock
from apps.usage.counters.client import CountersClient
from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.tuning import DEFAULT, Tuning
from apps.usage.meter.runner import Meter
from config.embedded.valkey import EmbeddedValkey
from tests.own_servers import own_valkey
from tests.usage.cluster import Cluster, running_cluster
from tests.usage.support import Consumer

# Modules whose tests hold with the counters on a cluster, too; there, they are of the long set.
ALSO_ON_A_CLUSTER = frozenset({
    "test_bounds", "test_concurrency", "test_generations", "test_meter", "test_plan_change",
    "test_rebuild", "test_reconciliation", "test_reserve", "test_settle",
})  # fmt: skip

Orm = Callable[..., Awaitable[Any]]
MeterFactory = Callable[..., Awaitable[Meter]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if module in ALSO_ON_A_CLUSTER and "valkey" not in metafunc.fixturenames:
        places = ["server", pytest.param("cluster", marks=pytest.mark.long)]
        metafunc.parametrize("counters_at", places, indirect=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def counts_on(request: pytest.FixtureRequest, settings: Settings) -> Callable[[str], None]:
    """`counts_on("cluster")`: from now on, counters are there, and there are none yet."""

    def counts_on(place: str) -> None:
        if place == "cluster":
            cluster = request.getfixturevalue("cluster")
            settings.COUNTERS_URL = cluster.url
            cluster.client.flushdb()

    return counts_on


@pytest.fixture(autouse=True)
def counters_at(request: pytest.FixtureRequest, counts_on: Callable[[str], None]) -> str:
    """Where the counters are: the test's Redis, unless the test is run for both."""
    place: str = getattr(request, "param", "server")
    counts_on(place)
    return place


@pytest.fixture
def redis_client(request: pytest.FixtureRequest, counters_at: str, redis_client: Any) -> Any:
    """A client of what has the counters."""
    return request.getfixturevalue("cluster").client if counters_at == "cluster" else redis_client


@pytest_asyncio.fixture
async def orm(transactional_db: None) -> AsyncIterator[Orm]:
    """`await orm(function, …)`: something that uses the ORM, off the loop."""
    database = DatabaseThread(keep_connection=False)
    yield database.run
    await database.stop()


@pytest.fixture
def tuning() -> Tuning:
    """As in production, without the pauses that a test would only wait for."""
    return replace(
        DEFAULT, hold_ms=0, journal_seconds=0.05, rejections_seconds=0.02, spool_seconds=0.05, stop_seconds=0.0
    )


@pytest.fixture
def consumer(transactional_db: None) -> Consumer:
    return Consumer.create()


@pytest.fixture
def stranger(transactional_db: None) -> Consumer:
    """Another consumer, of another product."""
    return Consumer.create()


@pytest.fixture
def daily(transactional_db: None) -> Consumer:
    """A consumer with one unit a day, from midnight to midnight."""
    return Consumer.create(name="daily", period="day", anchor="calendar", included_units=1)


@pytest_asyncio.fixture
async def client(transactional_db: None, tuning: Tuning) -> AsyncIterator[CountersClient]:
    async with CountersClient(tuning=tuning) as client:
        yield client


@pytest_asyncio.fixture
async def meter(transactional_db: None, tuning: Tuning) -> AsyncIterator[Meter]:
    meter = Meter(tuning=replace(tuning, complete_seconds=0.0))
    await meter.start()
    yield meter
    await meter.stop()


@pytest.fixture
def advance() -> Iterator[Callable[[dt.timedelta], None]]:
    """Move the sandbox clock, of this process too; it is back where it was after the test."""

    def advance(by: dt.timedelta) -> None:
        clock.advance(by)
        clock.refresh()

    yield advance
    clock._offset.value, clock._offset.read_at = dt.timedelta(), float("-inf")


@pytest.fixture
def killed() -> Iterator[type[BaseException]]:
    """What a test raises in the place of `kill -9`: nothing in the program catches it."""

    class Killed(BaseException):
        pass

    return Killed


@pytest_asyncio.fixture
async def make_meter(transactional_db: None, tuning: Tuning) -> AsyncIterator[MeterFactory]:
    """Further meters, with an observer each."""
    meters: list[Meter] = []

    async def make(observe: Callable[[str], None] = lambda _: None, **changes: Any) -> Meter:
        meter = Meter(tuning=replace(tuning, complete_seconds=0.0, **changes), observe=observe)
        meters.append(meter)
        await meter.start()
        return meter

    yield make
    for meter in meters:
        await meter.stop()


@pytest.fixture
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey of the test's own with an append-only file, to be killed and started again."""
    with own_valkey() as server:
        yield server


@pytest.fixture
def alice(db: None) -> Consumer:
    return Consumer.create()


@pytest.fixture
def bob(alice: Consumer) -> Consumer:
    """Another consumer of the same product."""
    return alice.neighbor()


@pytest.fixture
def charlie(db: None) -> Consumer:
    """A consumer of another product."""
    return Consumer.create()
