"""The ORM from a program that runs on an event loop: in one thread of its own, never on the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connections

Result = TypeVar("Result")


class DatabaseThread:
    """Runs functions that use the ORM, one after another, and keeps their connection in order."""

    def __init__(self, *, keep_connection: bool) -> None:
        """A process that asks rarely does not keep its connection."""
        self._keep_connection = keep_connection
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metering database")

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, function, arguments)

    async def stop(self) -> None:
        """Close the connection, behind what is still running."""
        self._executor.submit(connections.close_all)
        await asyncio.to_thread(self._executor.shutdown)

    def _call(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        close_old_connections()
        try:
            return function(*arguments)
        finally:
            if self._keep_connection:
                close_old_connections()
            else:
                connections.close_all()
