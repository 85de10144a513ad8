"""Who waits for backends, and until when: one timer for all of them, because most waits end long before it fires."""

import asyncio
from typing import Protocol

# How late a wait may end that is too long.
TICK_SECONDS = 0.02
# So late, and the process was held up: what backends have sent meanwhile is read before anybody is blamed.
HELD_UP_SECONDS = 0.5


class Waiting(Protocol):
    deadline: float  # by the loop's clock

    def late(self) -> None:
        """The deadline has passed."""
        ...


class Watch:
    """Looks at all who wait, as long as somebody does."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: set[Waiting] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def add(self, waiting: Waiting) -> None:
        self._waiting.add(waiting)
        if self._timer is None:
            self._look_later()

    def discard(self, waiting: Waiting) -> None:
        self._waiting.discard(waiting)

    def _look(self) -> None:
        now = self._loop.time()
        if now - self._due < HELD_UP_SECONDS:
            for waiting in [waiting for waiting in self._waiting if waiting.deadline <= now]:
                waiting.late()
        self._timer = None
        if self._waiting:
            self._look_later()

    def _look_later(self) -> None:
        self._due = self._loop.time() + TICK_SECONDS
        self._timer = self._loop.call_later(TICK_SECONDS, self._look)
