"""The change feed of a gateway process: it ends when the process does, however early that is."""

import asyncio
import datetime as dt

import pytest
from django.conf import settings

from apps.core import ending
from apps.gateway.feed import ChangeFeed


async def no_changes(_since: dt.datetime) -> list[tuple[int, str]]:
    return []


@pytest.mark.timeout(60)
async def test_it_ends_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AGAIN_SECONDS", 0.02)
    for turns in range(120):
        feed = ChangeFeed(redis_url=settings.CACHE_URL, read_changes=no_changes, on_change=lambda _topic: None)
        await feed.start()
        for _ in range(turns // 3):  # while it connects and subscribes
            await asyncio.sleep(0.0001 if turns % 3 else 0)
        await feed.stop()
