"""Work that is repeated for as long as a process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def repeat(work: Callable[[], Awaitable[None]], *, every_seconds: float, name: str) -> None:
    """Do the work again and again; a failure is logged, and the next turn comes all the same."""
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await work()
        except Exception:
            logger.exception("%s failed; it is tried again", name)
