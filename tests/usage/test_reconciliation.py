"""Counting again finds what is wrong, names it, and takes nothing that is on its way for a fault."""

import datetime as dt
import io
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db.models import F
from pytest_django import Settings

from apps.core import clock
from apps.core.metrics import exposition
from apps.usage import tasks
from apps.usage.counters.client import CountersClient
from apps.usage.management.commands import reconcile_usage
from apps.usage.meter.runner import Meter
from apps.usage.metering import LATENCY_COUNTS
from apps.usage.models import EndpointDay, SubscriptionDay, UsageRollup
from apps.usage.reconciliation import reconcile
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, drain, make_calls, outcome, reserved, store


@pytest.fixture(autouse=True)
def _no_last_run() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def run(orm: Orm) -> Callable[..., Any]:
    """`await run()`: the lines of a run."""

    async def run(**options: Any) -> list[str]:
        found = await orm(lambda: reconcile(pause_seconds=0.0, **options))
        assert found.differences == len(found.lines)
        return list(found.lines)

    return run


def counter_name(redis_client: "redis.Redis", consumer: Consumer) -> bytes:
    (name,) = redis_client.scan_iter(match=f"*q:{consumer.subscription.pk}:*")
    return bytes(name)


async def test_m12_one_unit_too_many_is_named_with_its_customer(
    client: CountersClient, meter: Meter, consumer: Consumer, stranger: Consumer, redis_client: "redis.Redis",
    run: Callable[..., Any], orm: Orm, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for each in (consumer, stranger):
        await make_calls(client, each, 7)
    await drain(meter)
    assert await run() == []
    redis_client.incr(counter_name(redis_client, consumer))
    (line,) = await run()
    assert line.startswith(f"{consumer.subscription.public_id} ")
    assert line.endswith("counter units: expected 7, found 8")
    assert line in caplog.text
    # The repair counts anew, and says what it found.
    assert await run(repair=True) == [line]
    assert consumer.counter() == 7
    assert await run() == []


async def test_what_is_on_its_way_is_no_difference(
    client: CountersClient, meter: Meter, consumer: Consumer, redis_client: "redis.Redis", run: Callable[..., Any]
) -> None:
    await make_calls(client, consumer, 3)
    await drain(meter)
    await make_calls(client, consumer, 4)  # unread
    flying = reserved(await client.reserve(consumer.call(units=5)))
    assert await run() == []
    # A counter that is gone is as wrong as one that is too high.
    redis_client.delete(counter_name(redis_client, consumer))
    (line,) = await run()
    assert line.endswith("expected 12, found 0")
    await run(repair=True)
    await client.settle(flying, outcome(units=2))
    assert consumer.counter() == 9
    redis_client.flushdb()
    assert await run() == [], "a shard that is to be rebuilt has no wrong counters"


@pytest.mark.usefixtures("transactional_db")
def test_rollups_that_differ_from_their_calls_are_named(consumer: Consumer, stranger: Consumer) -> None:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    eve, old = today - dt.timedelta(milliseconds=1), today - dt.timedelta(days=5)
    for each in (consumer, stranger):
        for at in (eve, today, clock.now(), old):
            store(each, at)
    alice, bob = consumer.subscription, stranger.subscription

    def lines(**options: Any) -> list[str]:
        return list(reconcile(pause_seconds=0.0, **options).lines)

    assert lines(days=6) == []
    SubscriptionDay.objects.filter(subscription=alice, day=old).update(units=F("units") + 1)
    assert lines() == [], "only the days that are asked for"
    day = f"{old:%Y-%m-%d}T00:00:00Z/{old + dt.timedelta(days=1):%Y-%m-%d}T00:00:00Z"
    assert lines(days=6) == [f"{alice.public_id} {day} SubscriptionDay units: expected 1, found 2"]
    # An hour that is gone, and latencies that were forgotten.
    UsageRollup.objects.filter(subscription=bob, hour=eve.replace(minute=0, second=0, microsecond=0)).delete()
    EndpointDay.objects.filter(endpoint=consumer.endpoint, day=today).update(latency_counts=[0] * LATENCY_COUNTS)
    found = lines()
    hours = [line for line in found if "UsageRollup" in line]
    assert {f"{bob.public_id} {stranger.endpoint.public_id}"} == {line.partition(" 20")[0] for line in hours}
    last_hour = f"T23:00:00Z/{today:%Y-%m-%d}T00:00:00Z UsageRollup calls: expected 1, found 0"
    assert any(line.endswith(last_hour) for line in hours)
    (latencies,) = [line for line in found if consumer.endpoint.public_id in line]
    assert latencies.endswith("EndpointDay latency_counts: expected 2, found 0")


@pytest.mark.usefixtures("transactional_db")
def test_the_command_ends_with_an_error_and_metrics_know_of_the_last_run(
    consumer: Consumer, capsys: pytest.CaptureFixture[str]
) -> None:
    store(consumer, clock.now())
    assert b"usage_reconciliation" not in exposition()
    assert tasks.reconcile() == {"differences": 0}
    call_command("reconcile_usage")
    assert "no difference" in capsys.readouterr().out
    assert b"api_factory_usage_reconciliation_differences 0.0" in exposition()
    UsageRollup.objects.update(calls=5)
    with pytest.raises(CommandError, match=r"^4 differences\. Rollups are not repaired"):
        call_command("reconcile_usage", "--days", "1")
    assert consumer.subscription.public_id in capsys.readouterr().err
    text = exposition().decode()
    assert "api_factory_usage_reconciliation_differences 0.0" not in text
    assert "api_factory_usage_reconciliation_age_seconds" in text


@pytest.fixture
def command(orm: Orm, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`await command("--repair")`: what it prints, errors at the end."""
    monkeypatch.setattr(reconcile_usage, "reconcile", partial(reconcile, pause_seconds=0.0))

    async def command(*arguments: str) -> str:
        out = io.StringIO()
        try:
            await orm(lambda: call_command("reconcile_usage", *arguments, stdout=out, stderr=out))
        except CommandError as error:
            out.write(f"error: {error}")
        return out.getvalue()

    return command


async def test_the_command_says_what_it_repaired_and_what_is_left_to_do(
    client: CountersClient, meter: Meter, consumer: Consumer, redis_client: "redis.Redis", orm: Orm,
    command: Callable[..., Any],
) -> None:  # fmt: skip
    await make_calls(client, consumer, 2)
    await drain(meter)
    assert await command("--repair") == "2 days and every counter of a running period, no difference.\n"
    redis_client.incr(counter_name(redis_client, consumer))
    assert (await command()).endswith("error: 1 difference. --repair counts wrong counters anew.")
    repaired = await command("--repair")
    assert repaired.endswith("1 counter counted anew.\n")
    assert "error" not in repaired
    await orm(lambda: EndpointDay.objects.update(units=F("units") + 1))
    redis_client.incr(counter_name(redis_client, consumer))
    found = await command("--repair")
    assert "1 counter counted anew.\n" in found
    assert "error: 1 difference. Rollups are not repaired" in found
    assert await command("--days", "0") == await command("--days", "9999999") == "error: --days is from 1 to 3660."


async def test_the_command_names_what_it_cannot_reach_without_its_password(
    consumer: Consumer, command: Callable[..., Any], settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.COUNTERS_URL = f"redis://somebody:hunter2@127.0.0.1:{port}/0"
    found = await command()
    assert found.startswith(f"error: The counters in Redis (127.0.0.1:{port}) failed: ")
    assert "hunter2" not in found
