"""Real servers for a test run: a PostgreSQL and a Valkey of its own, gone at its end.

Named in `addopts` as `-p tests.embedded_plugin`, because the addresses must stand in the environment before
pytest-django reads the settings. `DATABASE_URL` and `REDIS_URL` that are set are used as they are.

Every worker of xdist gets a Redis database of its own: the tests empty it. A server that was given is
therefore refused when it holds data.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import execnet
import pytest
import redis

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey
from tests.template import drop_template

SERVERS: tuple[type[EmbeddedServer], ...] = (EmbeddedPostgres, EmbeddedValkey)


class TestServers:
    """The servers of this run that were not given, in a temporary folder."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="api-factory-tests-"))
        self.folder.chmod(0o711)  # the servers may run as another user
        self.running: list[EmbeddedServer] = []

    def start(self) -> None:
        for kind in SERVERS:
            if not os.environ.get(kind.url_variable):
                server = kind(self.folder, durable=False)
                self.running.append(server)
                server.start()
                os.environ[kind.url_variable] = server.url

    def stop(self) -> None:
        if EmbeddedPostgres not in map(type, self.running) and "DATABASE_URL" in os.environ:
            drop_template()
        for server in self.running:
            server.stop()
            os.environ.pop(server.url_variable, None)
        for folder in {self.folder, *(server.home for server in self.running)}:
            shutil.rmtree(folder)


# Looking through a million objects that stay, again and again, took a tenth of the run.
gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: no later collection looks at it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # xdist answers by itself, too
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: scenarios and browser tests wait for their processes most of the time."""
    return (os.cpu_count() or 1) + 2


SERVERS_KEY = pytest.StashKey[TestServers]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        servers = TestServers()
        early_config.stash[SERVERS_KEY] = servers
        try:
            servers.start()
        except BaseException:
            servers.stop()
            raise
        _require_empty(os.environ["REDIS_URL"])
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers := config.stash.get(SERVERS_KEY, None):
        servers.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[execnet.XSpec]) -> None:
    """Tell each worker its Redis database, before it reads the settings."""
    for number, spec in enumerate(specs, start=1):
        spec.env["REDIS_URL"] = worker_redis_url(os.environ["REDIS_URL"], number)
        _require_empty(spec.env["REDIS_URL"])


def worker_redis_url(url: str, number: int) -> str:
    """The URL of the database that lies `number` behind the one of `url`."""
    parts = urlsplit(url)
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}").geturl()


def _require_empty(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        if keys := client.dbsize():
            raise pytest.UsageError(
                f"The tests empty Redis database {urlsplit(url).path}, but it holds {keys} keys. "
                "Set REDIS_URL to an empty one, or leave it unset."
            )
