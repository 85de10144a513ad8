"""The meter as the process that it is: killed, and asked to stop."""

import asyncio
import os
import signal

import pytest

from apps.usage.counters.client import CountersClient
from apps.usage.models import UsageRollup
from tests import processes
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome, reserved

pytestmark = pytest.mark.timeout(180)


async def calls(client: CountersClient, consumer: Consumer, count: int) -> None:
    for _ in range(count):
        reservation = reserved(await client.reserve(consumer.call()))
        await client.settle(reservation, outcome())
        await asyncio.sleep(0.002)


@pytest.mark.long
@pytest.mark.parametrize("kills", [1, 5])
async def test_a_meter_killed_again_and_again_loses_and_doubles_nothing(
    client: CountersClient, consumer: Consumer, orm: Orm, kills: int
) -> None:
    meter = processes.meter()
    meter.start()
    answered = 0
    try:
        for _ in range(kills):
            traffic = asyncio.create_task(calls(client, consumer, 150))
            answered += 150
            wanted = answered - 100

            async def got_going(wanted: int = wanted) -> bool:
                return await orm(consumer.rows) >= wanted

            await eventually(got_going, seconds=60)
            meter.kill()
            meter.start()
            await traffic
        await eventually(lambda: client.counts()["held"] == 0, seconds=60)
    finally:
        meter.stop()
    assert await orm(consumer.rows) == answered
    assert consumer.counter() == answered
    assert await orm(lambda: sum(UsageRollup.objects.values_list("calls", flat=True))) == answered


async def test_a_meter_that_is_asked_to_stop_does(client: CountersClient, consumer: Consumer, orm: Orm) -> None:
    meter = processes.meter()
    meter.start()
    try:
        await calls(client, consumer, 20)

        async def stored() -> bool:
            return await orm(consumer.rows) == 20

        await eventually(stored, seconds=60)
        assert meter._process is not None
        os.kill(meter.pid, signal.SIGTERM)
        assert await asyncio.to_thread(meter._process.wait, 20) == 0
        assert "Traceback" not in meter.log()
    finally:
        meter.stop()
