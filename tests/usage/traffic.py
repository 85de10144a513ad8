"""Traffic through three gateway processes' clients and a meter, and what must be true of it afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from apps.usage.counters.client import CountersClient
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, Refusal, Settlement
from apps.usage.meter.runner import Meter
from apps.usage.models import Rejection
from tests.counters import quota_counter
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, eventually, outcome


@dataclass
class Traffic:
    """Calls through several clients, and what became of them."""

    consumer: Consumer
    clients: list[CountersClient]
    answered: int = 0
    refused: int = 0
    unavailable: int = 0
    abandoned: int = 0
    latencies: list[float] = field(default_factory=list)

    async def call(self, client: CountersClient, *, included: int = 10**6) -> None:
        try:
            answer = await client.reserve(self.consumer.call(included=included))
        except MeteringUnavailable:
            self.unavailable += 1
            await asyncio.sleep(0.01)
            return
        if isinstance(answer, Refusal):
            self.refused += 1
            return
        await asyncio.sleep(0.005)  # the backend
        if await client.settle(answer, outcome()) is Settlement.ABANDONED:
            self.abandoned += 1
        else:
            self.answered += 1

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Ten callers at each client, until the block is left."""
        stopped = asyncio.Event()

        async def caller(client: CountersClient) -> None:
            while not stopped.is_set():
                await self.call(client)

        callers = [asyncio.create_task(caller(client)) for client in self.clients for _ in range(10)]
        try:
            yield
        finally:
            stopped.set()
            await asyncio.gather(*callers)

    async def reach(self, more: int) -> None:
        """Wait until so many further calls were answered."""
        wanted = self.answered + more
        await eventually(lambda: self.answered >= wanted, seconds=60)


@contextlib.asynccontextmanager
async def world(consumer: Consumer, url: str | None, tuning: Tuning) -> AsyncIterator[tuple[Traffic, Meter]]:
    """Three gateway processes' clients and a meter that runs."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(CountersClient(url, tuning=tuning)) for _ in range(3)]
        meter = Meter(url, tuning=replace(tuning, complete_seconds=0.1, poll_seconds=0.02, sweep_seconds=0.2))
        await meter.start()
        stopping = asyncio.Event()
        run = asyncio.create_task(meter.run(stopping))
        try:
            yield Traffic(consumer, clients), meter
        finally:
            stopping.set()
            await run
            await meter.stop()


async def assert_all_agree(traffic: Traffic, orm: Orm, counter: Callable[[], int]) -> None:
    """Rows, counter and answers come to the same."""

    async def stored() -> bool:
        return await orm(traffic.consumer.rows) >= traffic.answered

    await eventually(stored, seconds=60)
    await eventually(lambda: counter() == traffic.answered, seconds=60)
    await eventually(lambda: all(not sum(client.counts().values()) for client in traffic.clients), seconds=60)
    assert await orm(traffic.consumer.rows) == traffic.answered
    assert await orm(traffic.consumer.stored_units) == traffic.answered
    assert counter() == traffic.answered
    assert traffic.abandoned == 0
    assert await orm(Rejection.objects.filter(code="abandoned").count) == 0


def counter_at(url: str, consumer: Consumer) -> Callable[[], int]:
    return lambda: quota_counter(consumer.subscription.pk, url=url)
