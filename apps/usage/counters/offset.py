"""How far the sandbox clock is ahead, kept for code that must not wait for Postgres."""

import asyncio
import contextlib
import datetime as dt

from django.conf import settings
from django.db import Error as DatabaseError

from apps.core import clock
from apps.core.ending import end_tasks
from apps.usage.counters.database import DatabaseThread

_REFRESH_SECONDS = 0.5
_MILLISECOND = dt.timedelta(milliseconds=1)


class ClockOffset:
    """`milliseconds` is at most a second old; always 0 where the installation has no sandbox clock."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self.milliseconds = 0

    def now(self) -> dt.datetime:
        """The installation's time by this host's clock: good enough to guess a period, not to decide."""
        return dt.datetime.now(dt.UTC) + self.milliseconds * _MILLISECOND

    async def start(self) -> None:
        if settings.SANDBOX_CLOCK:
            await self.refresh()
            self._task = asyncio.create_task(self._follow(), name="sandbox clock")

    async def stop(self) -> None:
        if self._task is not None:
            await end_tasks(self._task)
            self._task = None

    async def refresh(self) -> None:
        """Read it now. The last one stands where Postgres does not answer."""
        with contextlib.suppress(DatabaseError):
            self.milliseconds = (await self._database.run(clock.refresh)) // _MILLISECOND

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            await self.refresh()
