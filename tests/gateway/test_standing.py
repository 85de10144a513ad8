"""What a gateway process says of itself to probes and to Prometheus: able, degraded or unable to serve."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps.gateway.asgi import GatewayHandler
from apps.gateway.directory import THREADS, OrmDirectory
from apps.gateway.runtime import runtime_from_settings
from apps.usage.counters.client import CountersClient
from tests.fakes.upstream import FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import open_shop
from tests.gateway.wire import call
from tests.processes import free_port

pytestmark = pytest.mark.usefixtures("transactional_db")


def told(gateway: RunningGateway) -> tuple[int, str, list[str]]:
    """The probe's status, and what its answer says: the state, and what is away."""
    reply = call(f"{gateway.url}/_gateway/healthz")
    body = reply.json()
    assert body["ready"] == (reply.status == 200)
    assert body["away"] == [name for name, is_there in body["checks"].items() if not is_there]
    return reply.status, body["status"], body["away"]


def measured(gateway: RunningGateway) -> dict[str, float]:
    """The metrics that say the same: `can_serve`, `degraded`, and `available` of each part."""
    families = text_string_to_metric_families(call(f"{gateway.url}/_gateway/metrics").body.decode())
    samples = [sample for family in families for sample in family.samples]
    names = {"can_serve", "degraded", "available"}
    return {
        sample.labels.get("part", name): sample.value
        for sample in samples
        if (name := sample.name.removeprefix("api_factory_gateway_")) in names
    }


@pytest.fixture
def metering(gateway: RunningGateway) -> Iterator[Any]:
    """What counts in the gateway, to be switched off."""
    yield gateway.metering
    gateway.metering.is_available, gateway.metering.can_count_alone, gateway.metering.spool_is_ready = True, False, None


def test_with_everything_there(gateway: RunningGateway) -> None:
    assert told(gateway) == (200, "ok", [])
    assert measured(gateway) == {"can_serve": 1, "degraded": 0, "postgres": 1, "counters": 1}
    assert call(f"{gateway.url}/_gateway/healthz?live").json() == {"status": "ok", "live": True}
    assert call(f"{gateway.url}/_gateway/healthz", "HEAD").body == b""


def test_with_something_away(gateway: RunningGateway, metering: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*, postgres: bool, redis: bool) -> None:
        monkeypatch.setattr(OrmDirectory, "is_reading", postgres)
        monkeypatch.setattr("apps.gateway.views.redis_answers", lambda: redis)

    answers(postgres=False, redis=True)
    assert told(gateway) == (200, "degraded", ["postgres"])  # known keys go on
    # A Redis that is not that of the counters, such as the one of the jobs.
    answers(postgres=True, redis=False)
    assert told(gateway) == (200, "degraded", ["redis"])
    # The counters, with a disk to write to, with one that is full, and without one.
    metering.is_available, metering.can_count_alone, metering.spool_is_ready = False, True, True
    assert told(gateway) == (200, "degraded", ["redis", "counters"])
    assert measured(gateway) == {"can_serve": 1, "degraded": 1, "postgres": 1, "counters": 0, "spool": 1}
    metering.can_count_alone, metering.spool_is_ready = False, False
    assert told(gateway) == (503, "unavailable", ["redis", "counters", "spool"])
    assert measured(gateway) == {"can_serve": 0, "degraded": 0, "postgres": 1, "counters": 0, "spool": 0}
    metering.spool_is_ready = None
    assert told(gateway) == (503, "unavailable", ["redis", "counters"])
    # Nothing was ever read, so no key is known.
    metering.is_available = True
    answers(postgres=False, redis=True)
    monkeypatch.setattr(gateway.runtime.directory._feed, "has_read", False)
    assert told(gateway) == (503, "unavailable", ["postgres"])


def test_the_probe_does_not_wait_for_postgres(gateway: RunningGateway) -> None:
    """One that hangs takes the threads that read it; what else is away is told all the same."""
    release = threading.Event()
    hanging = [gateway.runtime.directory._executor.submit(release.wait) for _ in range(THREADS)]
    try:
        status, _, away = told(gateway)
    finally:
        release.set()
    assert all(one.result(20) for one in hanging)
    assert status == 200
    assert away in ([], ["postgres"])


def test_without_redis_it_stays_in_service_for_the_calls_that_pass(upstream: FakeUpstream, tmp_path: Path) -> None:
    nowhere = CountersClient(f"redis://127.0.0.1:{free_port()}/0", spool_folder=tmp_path)
    with running_gateway(allow=[upstream.address], metering=nowhere) as gateway:
        assert open_shop(gateway, upstream).call("/things").status == 200
        assert told(gateway) == (200, "degraded", ["counters"])
        assert measured(gateway) == {"can_serve": 1, "degraded": 1, "postgres": 1, "counters": 0, "spool": 1}


async def test_it_does_not_start_with_a_spool_that_cannot_be_written_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    runtime = runtime_from_settings(CountersClient(spool_folder=tmp_path / "file" / "spool"))
    handler = GatewayHandler(urlconf="config.gateway_urls", runtime=runtime)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with caplog.at_level(logging.ERROR):
        await asyncio.wait_for(handler({"type": "lifespan", "state": {}}, receive, send), 20)
    (message,) = sent
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].startswith(f"USAGE_SPOOL_DIR: {tmp_path}/file/spool cannot be written to (")
    assert "USAGE_SPOOL_DIR=none" in message["message"]
    (record,) = [record for record in caplog.records if record.name == "apps.gateway.asgi"]
    assert record.exc_info in (None, False)  # no traceback for what an operator has to mend
    await runtime.guesses.stop()
    await runtime.replays.stop()
    await runtime.directory.stop()
