"""The quota counters in Redis, held against what they must be, and set to it where that is asked for."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from django.conf import settings

from apps.core import clock
from apps.usage.counters.database import DatabaseThread
from apps.usage.counters.keys import from_milliseconds, parse_quota_counter
from apps.usage.counters.links import open_link
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.recounting import Recounting, WrongCounter
from apps.usage.counters.types import SHARDS, shard_of
from apps.usage.models import StaleCounter
from apps.usage.reconciliation.difference import Difference

# There is time: a slow answer is no reason to give up a connection.
_STALL_SECONDS = 5.0


def list_counter_differences(*, pause_seconds: float) -> list[Difference]:
    """The counters of running periods that were wrong twice, so many seconds apart.

    What a meter or a gateway process is about to put right by itself is not wrong for long.
    """
    return asyncio.run(_audit(pause_seconds, clock.offset()))


def repair_counters(subscriptions: Iterable[int]) -> None:
    """Count the quotas of these subscriptions anew."""
    numbers = set(subscriptions)
    StaleCounter.objects.bulk_create(StaleCounter(shard=shard_of(one), subscription_id=one) for one in numbers)
    asyncio.run(_recount({shard_of(one) for one in numbers}, clock.offset()))


async def _audit(pause_seconds: float, ahead: dt.timedelta) -> list[Difference]:
    async with _recounting(ahead) as recounting:
        suspects = {shard: wrong for shard in range(SHARDS) if (wrong := await recounting.audit(shard))}
        if not suspects:
            return []
        await asyncio.sleep(pause_seconds)
        found = []
        for shard, before in suspects.items():
            names = {wrong.name for wrong in before}
            found += [_difference(wrong) for wrong in await recounting.audit(shard) if wrong.name in names]
    return sorted(found, key=lambda one: (one.subscription_id or 0, one.starts_at))


async def _recount(shards: Iterable[int], ahead: dt.timedelta) -> None:
    async with _recounting(ahead) as recounting:
        for shard in sorted(shards):
            await recounting.recount(shard)


@asynccontextmanager
async def _recounting(ahead: dt.timedelta) -> AsyncIterator[Recounting]:
    """`ahead`: of the clock, as whoever asks knows it. In a moment like this it does not move."""
    link = open_link(settings.COUNTERS_URL, stall_seconds=_STALL_SECONDS, dead_seconds=2 * _STALL_SECONDS)
    database = DatabaseThread(keep_connection=True)
    offset = ClockOffset(database)
    offset.milliseconds = ahead // dt.timedelta(milliseconds=1)
    await link.start()
    try:
        yield Recounting(link, database, offset)
    finally:
        await link.stop()
        await database.stop()


def _difference(wrong: WrongCounter) -> Difference:
    counter = parse_quota_counter(wrong.name)
    return Difference(
        where="counter",
        measure="units",
        subscription_id=counter.subscription_id,
        endpoint_id=None,
        starts_at=from_milliseconds(counter.start_ms),
        ends_at=from_milliseconds(counter.end_ms),
        expected=wrong.expected,
        found=wrong.found,
    )
