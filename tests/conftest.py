"""What holds for every test: clean Redis, real time. (pytest-socket closes the network outside, see `addopts`.)"""

import os
import time
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from apps.core import clock
from tests.database import drop_at_once, flush_cheaply
from tests.template import copy_from_template

# The clock's offset is read from Postgres every 2 s; tests that move it refresh it.
ALL_TEST_LONG = 3600.0

flush_cheaply()
drop_at_once()
# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


# Few tests, each of which takes its time: real processes, browsers, months of billing.
LONG_FOLDERS = {"scenarios", "browser", "demo", "config", "api"}
# What hangs is told from what takes long: no test of the long sets may take more seconds than this.
LONG_TIMEOUT = 900


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the long sets their time, and let no worker wait for a long file at the end.

    Files that take long come first, then those with the most tests. A worker takes whole files in this order
    (`--dist loadfile --no-loadscope-reorder`).
    """
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT))
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.parent.name not in LONG_FOLDERS, -tests[item.path], item.path))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    django_db_keepdb: bool,
    django_db_use_migrations: bool,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """One migration for all workers. Not where a database is kept between runs, or made without migrations."""
    if "PYTEST_XDIST_WORKER" in os.environ and django_db_use_migrations and not django_db_keepdb:
        with django_db_blocker.unblock():
            copy_from_template(tmp_path_factory.getbasetemp().parent)


@pytest.fixture(scope="session")
def redis_client() -> Iterator["redis.Redis"]:
    """A client of this worker's own Redis database, which is empty at the start of every test."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: "redis.Redis") -> None:
    # Counters, broker and cache share this database: their URLs default to it, and none is set in a test run.
    redis_client.flushdb()


@pytest.fixture(autouse=True)
def _real_time() -> Iterator[None]:
    """No offset is left by a test that was rolled back, and no query for it falls into one that counts queries."""
    clock._offset = clock._Offset()
    clock._offset.read_at = time.monotonic() + ALL_TEST_LONG
    yield
    clock._offset = clock._Offset()
