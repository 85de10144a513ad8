"""How tasks are ended for good."""

import asyncio
from typing import Any

_AGAIN_SECONDS = 0.5


async def end_tasks(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel them, and wait until they have ended, with whatever.

    Said again until they have: before Python 3.12, `asyncio.wait_for` (with which redis-py sends commands) forgets a
    cancellation that comes when what it waits for is just done.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
