"""A key that was called with is nowhere afterwards: not in Postgres, not in Redis, not in a log, not at the backend."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from apps.keys import secret as key_secret
from apps.usage.counters.client import CountersClient
from apps.usage.counters.tuning import DEFAULT
from tests.factories.keys import ApiKeyFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import open_shop
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def counting(open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    """With the real counters, so that Redis and its streams hold what a call leaves there."""
    counters: Any = CountersClient(settings.COUNTERS_URL, tuning=replace(DEFAULT, stop_seconds=0.0))
    with running_gateway(allow=[upstream.address], metering=counters, unknown_keys_max=50) as gateway:
        yield gateway


def tables_with(text: str) -> list[str]:
    """The tables with this text in any column of a row; bytes are searched in hexadecimal."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name} AS line WHERE line::text ILIKE %s)", [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def in_redis() -> bytes:
    """Every key of Redis with all that is in it."""
    values = b""
    for url in {settings.COUNTERS_URL, settings.BROKER_URL, settings.CACHE_URL}:
        client: Any = redis.Redis.from_url(url)
        readers = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"list": lambda key, client=client: client.lrange(key, 0, -1),
            b"set": client.smembers,
            b"zset": lambda key, client=client: client.zrange(key, 0, -1),
            b"stream": client.xrange,
        }
        for key in client.scan_iter(count=1000):
            kind = client.type(key)
            if kind != b"none":  # gone meanwhile
                values += key + repr(readers[kind](key)).encode()
        client.close()
    return values


def test_no_trace_of_a_key_is_left(
    counting: RunningGateway, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = open_shop(counting, upstream, quota=100, per_minute=100)
    unknown, revoked = key_secret.generate(), key_secret.generate()
    ApiKeyFactory(subscription=shop.subscription, generated=revoked, revoked_at=shop.subscription.created_at)
    secrets = [shop.secret, unknown.secret, revoked.secret]
    for secret in secrets:
        for path in ("/things/traced", "/nothing"):
            shop.anonymous(path, headers=[("X-Api-Key", secret), ("Referer", f"https://page.example/?key={secret}")])
            shop.anonymous(path, headers=[("Authorization", f"Bearer {secret}"), ("X-RapidAPI-Key", secret)])
            shop.anonymous(f"{path}?a=1&api_key={secret}&b=2")
            shop.anonymous(f"{path}/{secret}", headers=[("X-Api-Key", secret)])
        shop.anonymous(f"/things/{secret}", headers=[("X-Api-Key", secret)])
    assert len([request for request in shop.received if "/things/traced" in request.target]) == 3
    # One counted call and one refused call are there, so what was searched is where they are written down.
    wait_until(
        lambda: b"/things/traced" in (stored := in_redis()) and b"key_revoked" in stored, what="they are written"
    )
    stored, received = in_redis(), repr(shop.received)
    for secret in secrets:
        # Not the random part alone, either.
        for text in (secret, secret[8:], secret.encode().hex()):
            assert tables_with(text) == []
            assert text.encode() not in stored
            assert text not in caplog.text
            assert text not in received
    # The search finds what is there.
    assert tables_with(key_secret.digest(shop.secret).hex()) == ["keys_apikey"]
    assert "keys_apikey" in tables_with(shop.key.public_id)
