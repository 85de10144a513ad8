"""Uploads of many clients at once, and the first event of a stream."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from bench.gateway.comparison import Count
from bench.gateway.errors import BenchError
from bench.gateway.stage import Stage
from bench.gateway.watch import MemoryWatch

CLIENTS = 20
BYTES_IN_ALL = 2**30
BLOCK = bytes(64 * 1024)
STREAMS = 50
TIMEOUT = aiohttp.ClientTimeout(total=300)
# Memory is given back when the last parts have left.
AFTERWARDS_SECONDS = 3.0


def upload(ready: Stage, count: Count) -> dict[str, Any]:
    """1 GB in all, from 20 clients at once: how much memory the gateway takes for it, in MB."""
    assert ready.ours is not None
    candidate = ready.ours.candidate
    size = BYTES_IN_ALL // CLIENTS // len(BLOCK) * len(BLOCK)
    started = time.monotonic()
    with MemoryWatch(candidate.pid) as memory:
        received = asyncio.run(_upload_all(candidate.port, _headers(), size))
        seconds = time.monotonic() - started
        time.sleep(AFTERWARDS_SECONDS)
    if received != [size] * CLIENTS:
        raise BenchError(f"Of {CLIENTS} uploads of {size} bytes the backend got {received}.")
    count.add(CLIENTS)
    count.settle()
    return {
        "clients": CLIENTS,
        "mb": round(size * CLIENTS / 1e6),
        "seconds": round(seconds, 1),
        "rss_mb_before": round(memory.first, 1),
        "rss_mb_peak": round(memory.peak, 1),
        "rss_grown_mb": round(memory.peak - memory.first, 1),
        "rss_mb_after": round(memory.samples[-1][1], 1),
    }


def first_event(ready: Stage, count: Count) -> dict[str, Any]:
    """Milliseconds from the request to the first event of a stream: medians through the gateway and without it."""
    assert ready.ours is not None
    direct = asyncio.run(_first_events(f"http://127.0.0.1:{ready.bodies_port}/v1/events", {}))
    through = asyncio.run(_first_events(f"http://127.0.0.1:{ready.ours.candidate.port}/bodies/v1/events", _headers()))
    count.add(STREAMS)
    count.settle()
    return {
        "streams": STREAMS,
        "first_event_ms": round(statistics.median(through), 2),
        "first_event_ms_direct": round(statistics.median(direct), 2),
        "slowest_ms": round(max(through), 2),
    }


def _headers() -> dict[str, str]:
    from bench.gateway.build import keys

    return {"X-API-Key": keys("bodies", "bodies", 1)[0]}


async def _upload_all(port: int, headers: dict[str, str], size: int) -> list[int]:
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=headers) as session:
        url = f"http://127.0.0.1:{port}/bodies/v1/sink"
        return await asyncio.gather(*(_upload(session, url, size) for _ in range(CLIENTS)))


async def _upload(session: aiohttp.ClientSession, url: str, size: int) -> int:
    async with session.post(url, data=_blocks(size), headers={"Content-Length": str(size)}) as answer:
        text = await answer.text()
        if answer.status != 200:
            raise BenchError(f"An upload is answered with {answer.status}: {text[:300]}")
        return int(text)


async def _blocks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // len(BLOCK)):
        yield BLOCK


async def _first_events(url: str, headers: dict[str, str]) -> list[float]:
    times = []
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=headers) as session:
        for _ in range(STREAMS):
            started = time.perf_counter()
            async with session.get(url) as answer:
                event = await answer.content.readuntil(b"\n\n")
                times.append((time.perf_counter() - started) * 1000)
                if answer.status != 200 or event != b"data: tick\n\n":
                    raise BenchError(f"A stream begins with {answer.status} {event[:300]!r}.")
                answer.close()
    return times
