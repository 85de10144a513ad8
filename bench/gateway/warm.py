"""Every request once, so that what is known of its key is in the gateway's memory."""

import asyncio
from collections.abc import Iterator, Sequence

import aiohttp

from bench.gateway.errors import BenchError
from bench.gateway.load import Request

CLIENTS = 16
# A gateway that reads many keys at once may say that it cannot just now.
ATTEMPTS = 20
PAUSE_SECONDS = 0.25


def call_each(port: int, requests: Sequence[Request]) -> int:
    """How many were answered. Raises BenchError for a request that is not answered with 200 in the end."""
    try:
        asyncio.run(_call_each(port, requests))
    except* BenchError as errors:
        raise BenchError(str(errors.exceptions[0])) from None
    return len(requests)


async def _call_each(port: int, requests: Sequence[Request]) -> None:
    waiting = iter(requests)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session, asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(_call_waiting(session, waiting))


async def _call_waiting(session: aiohttp.ClientSession, waiting: Iterator[Request]) -> None:
    for key, path in waiting:
        for _ in range(ATTEMPTS):
            async with session.get(path, headers={"X-API-Key": key}) as answer:
                body = await answer.read()
            if answer.status != 503:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        if answer.status != 200:
            raise BenchError(f"A call to warm up is answered with {answer.status}: {body[:300]!r}")
