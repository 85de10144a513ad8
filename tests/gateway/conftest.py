"""A gateway and a backend for each module, a shop for each test.

The gateway reads rows on connections of its own, so they are committed. They stay until the module ends: none of
these tests looks at rows that are not its own.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from apps.gateway.upstream import PooledUpstream
from tests.database import empty_written_tables
from tests.fakes.upstream import FakeUpstream
from tests.gateway.dialling import dialling
from tests.gateway.server import OWN_SERVER, PLAIN_ASGI, RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop


@pytest.fixture(scope="module")
def open_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        empty_written_tables()
        connections.close_all()


@pytest.fixture
def transactional_db(open_database: None) -> None:
    """In place of pytest-django's: the same promise, without emptying the database after each test."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as backend:
        yield backend


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(OWN_SERVER, id="own server"),
        pytest.param(PLAIN_ASGI, id="plain asgi", marks=pytest.mark.long),
    ],
)
def protocol(request: pytest.FixtureRequest) -> str:
    """What holds of a call holds on every transport."""
    return str(request.param)


@pytest.fixture(scope="module")
def gateway(open_database: None, upstream: FakeUpstream, protocol: str) -> Iterator[RunningGateway]:
    with running_gateway(allow=[upstream.address], protocol=protocol) as running:
        yield running


@pytest.fixture
def make_shop(gateway: RunningGateway, upstream: FakeUpstream) -> Callable[..., Shop]:
    return partial(open_shop, gateway, upstream)


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


@pytest.fixture
def backend() -> Iterator[FakeUpstream]:
    """A backend of the test's own."""
    with FakeUpstream() as running:
        yield running


@pytest.fixture
async def client(backend: FakeUpstream) -> AsyncIterator[PooledUpstream]:
    """The client of backends, which may dial that one."""
    async with dialling(allow=[backend.address]) as upstream:
        yield upstream
