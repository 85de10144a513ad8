"""What the test run itself promises: real servers, a Redis database per worker, no network outside."""

import os
import socket

import pytest
import pytest_socket
import redis
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_postgres_and_folds_case_in_unicode() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'Ärger' ILIKE 'ä%'")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("_round", [1, 2])
def test_every_test_starts_with_empty_redis_and_cache(redis_client: "redis.Redis", _round: int) -> None:
    assert redis_client.dbsize() == 0
    assert cache.get("left-over") is None
    redis_client.set("left-over", 1)
    cache.set("left-over", 1)


def test_workers_do_not_share_a_redis_database(redis_client: "redis.Redis") -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    number = redis_client.get_connection_kwargs()["db"]
    assert number == int(worker.removeprefix("gw")) + 1 if worker else number == 0


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_the_network_outside_is_closed() -> None:
    with socket.socket() as outside, pytest.raises(pytest_socket.SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 80))
