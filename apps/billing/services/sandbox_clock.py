"""Moving the sandbox clock, and running the periodic jobs on the way: a month of the installation's life in seconds."""

import datetime as dt
import time
from collections import Counter

from celery import current_app

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import require_staff
from apps.billing.selectors import count_drafts
from apps.billing.services.cycle import close_due_periods
from apps.core import clock

# Jobs run at least once for each day that passes, so that what falls due on a day bears its date.
_STEP = dt.timedelta(days=1)
# What staff must be permitted to move it.
CLOCK = "core.change_sandboxclock"


def advance_sandbox_clock(*, by: dt.timedelta, patience: float = 10.0) -> Counter[str]:
    """Move the clock forward day by day; what the jobs that count say that they did.

    `patience`: for how many seconds the meter is waited for where an invoice needs all calls of a period. Cannot be
    called inside a transaction. Raises `ClockRefused` where the installation has no sandbox clock.
    """
    left, done = by, Counter[str]()
    while left:
        step = min(left, _STEP)
        clock.advance(step)
        clock.refresh()
        done.update(_run_jobs())
        done.update(waited := _wait_for_meter(patience))
        if count_drafts() and not waited:
            patience = 0.0  # no meter runs; the other steps would wait in vain, too
        left -= step
    return done


def advance_clock_as_staff(*, staff: User, days: int) -> Counter[str]:
    """The same for a person of the platform, by whole days; the audit log says who moved it."""
    require_staff(staff, CLOCK)
    summary = f"Moved the sandbox clock forward by {days} days"
    record_event(organization=None, actor=staff, action="clock.advanced", summary=summary, data={"days": days})
    return advance_sandbox_clock(by=dt.timedelta(days=days))


def _run_jobs() -> Counter[str]:
    """Every periodic job, here and now."""
    counted = Counter[str]()
    for entry in current_app.conf.beat_schedule.values():
        outcome = current_app.tasks[entry["task"]]()
        if isinstance(outcome, dict):
            counted.update(outcome)
    return counted


def _wait_for_meter(patience: float) -> Counter[str]:
    """Issue what waits for the meter to follow the clock, which takes it a few seconds."""
    counted = Counter[str]()
    deadline = time.monotonic() + patience
    while count_drafts() and time.monotonic() < deadline:
        time.sleep(0.2)
        counted.update(close_due_periods())
    return +counted
