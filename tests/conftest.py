"""What holds for every test: clean Redis. (The network outside is closed by pytest-socket, see `addopts`.)"""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture(scope="session")
def redis_client() -> Iterator["redis.Redis"]:
    """A client of this worker's own Redis database, which is empty at the start of every test."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: "redis.Redis") -> None:
    # Counters, broker and cache share this database: their URLs default to it, and none is set in a test run.
    redis_client.flushdb()
