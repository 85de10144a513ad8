"""What ends a call from outside, wherever it waits."""

import asyncio
from enum import Enum, auto


class Interruption(Enum):
    CLIENT_GONE = auto()
    BODY_FAILED = auto()
    ABANDONED = auto()  # its lease was lost
    TOO_LATE = auto()  # the whole call took too long


class Interruptions:
    """Cancels the task of one call, once at most, from `begin` to `end`; `why` says what did it.

    Not a scope of `asyncio.timeout`: that costs as much as all the checks of a call.
    """

    __slots__ = ("_task", "_timer", "why")

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.why: Interruption | None = None

    def begin(self, *, total_seconds: float | None) -> None:
        self._task = asyncio.current_task()
        if total_seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(total_seconds, self.interrupt, Interruption.TOO_LATE)

    def interrupt(self, why: Interruption) -> None:
        if self._task is not None and self.why is None:
            self.why = why
            self._task.cancel()

    def client_left(self) -> None:
        self.interrupt(Interruption.CLIENT_GONE)

    def body_failed(self) -> None:
        self.interrupt(Interruption.BODY_FAILED)

    def may_last(self) -> None:
        """From here on the whole call cannot be too late."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        self._task = None
        self.may_last()
