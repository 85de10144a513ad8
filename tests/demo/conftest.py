"""The backends of the demo as real processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from apps.demo.fixtures import Marketplace, read_marketplace
from tests.processes import Server, free_port, httpbin, running


def weather() -> Server:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "apps.demo.backends.weather", "--port", str(port)]
    return Server("weather", command, f"{url}/healthz", url=url)


@pytest.fixture(scope="session")
def marketplace() -> Marketplace:
    return read_marketplace(Path(settings.BASE_DIR) / "fixtures" / "demo")


@pytest.fixture(scope="module")
def weather_server() -> Iterator[Server]:
    with running(weather()) as (server,):
        yield server


@pytest.fixture(scope="session")
def httpbin_server() -> Iterator[Server]:
    with running(httpbin()) as (server,):
        yield server
