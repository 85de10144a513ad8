"""What time it is. All code asks here, so that the sandbox can be moved through a month in seconds.

The offset lives in Postgres (`SandboxClock`), the same for every process; production has none.
"""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import Error, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.changes import announce
from apps.core.errors import DomainError

# How long a process may go on with the offset that it knows.
REFRESH_SECONDS = 2.0
# Far enough for any test, near enough that dates stay dates.
OFFSET_MAX = dt.timedelta(days=50 * 365)


class ClockRefused(DomainError):
    code = "clock_refused"
    status = 403
    message = gettext_noop("The clock of this installation cannot be moved: it has no sandbox clock.")


class _Offset:
    """The offset as this process last read it."""

    def __init__(self) -> None:
        self.value = dt.timedelta()
        self.read_at = float("-inf")
        self.lock = threading.Lock()

    def get(self) -> dt.timedelta:
        if not settings.SANDBOX_CLOCK:
            return dt.timedelta()
        if time.monotonic() - self.read_at > REFRESH_SECONDS:
            self.refresh()
        return self.value

    def refresh(self) -> None:
        from apps.core.models import SandboxClock

        with self.lock:
            try:
                row = SandboxClock.objects.filter(pk=1).values_list("offset", flat=True).first()
            except Error:
                return  # the last known offset stands until Postgres answers again
            self.value = row or dt.timedelta()
            self.read_at = time.monotonic()


_offset = _Offset()
# What time it is for the code that runs inside `as_of`.
_replayed: ContextVar[dt.datetime | None] = ContextVar("replayed", default=None)


def now() -> dt.datetime:
    """The time of the installation, aware, UTC."""
    return _replayed.get() or dt.datetime.now(dt.UTC) + _offset.get()


@contextmanager
def as_of(at: dt.datetime) -> Iterator[None]:
    """Run the block at a past instant, so that services write a history as it would have come about.

    For this thread alone; what asks Redis or Postgres for the time goes on in the present. The replay is one
    transaction (see `core.transactions`). Raises `ClockRefused` without a sandbox clock, and for the future.
    """
    if not settings.SANDBOX_CLOCK:
        raise ClockRefused
    if at > dt.datetime.now(dt.UTC) + _offset.get():
        raise ClockRefused(_("Only the past can be replayed."))
    token = _replayed.set(at)
    try:
        yield
    finally:
        _replayed.reset(token)


def is_replaying() -> bool:
    """Whether this code runs inside `as_of`."""
    return _replayed.get() is not None


def offset() -> dt.timedelta:
    """How far the installation's time is ahead of the real one. Reads Postgres at most every 2 s."""
    return _offset.get()


def refresh() -> dt.timedelta:
    """Read the offset again at once."""
    _offset.refresh()
    return _offset.value


@transaction.atomic
def advance(by: dt.timedelta) -> dt.timedelta:
    """Move the sandbox clock forward; it never goes back. Returns the new offset.

    Raises `ClockRefused` where the installation has no sandbox clock, backwards, and beyond 50 years.
    """
    from apps.core.models import SandboxClock

    if not settings.SANDBOX_CLOCK:
        raise ClockRefused
    if by < dt.timedelta():
        raise ClockRefused(_("The clock only moves forward."))
    SandboxClock.objects.get_or_create(pk=1)
    row = SandboxClock.objects.select_for_update().get(pk=1)
    if by > OFFSET_MAX - row.offset:
        raise ClockRefused(_("The clock cannot be more than 50 years ahead."))
    row.offset += by
    row.save(update_fields=["offset"])
    announce("clock")
    transaction.on_commit(refresh)
    moved: dt.timedelta = row.offset
    return moved
