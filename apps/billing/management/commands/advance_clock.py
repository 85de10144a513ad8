"""Move the sandbox clock, and run the periodic jobs on the way: a month of the installation's life in seconds."""

import argparse
import datetime as dt
import re
import time
from collections import Counter
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError

from apps.billing.selectors import count_drafts
from apps.billing.services import close_due_periods
from apps.core import clock
from apps.core.errors import DomainError

_AMOUNT = re.compile(r"(?P<number>[1-9]\d{0,4})(?P<unit>[dh])")
# Jobs run at least once for each day that passes, so that what falls due on a day bears its date.
_STEP = dt.timedelta(days=1)


def span(text: str) -> dt.timedelta:
    """`32d` or `12h`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("give days or hours, such as 32d or 12h")
    number = int(match["number"])
    return dt.timedelta(days=number) if match["unit"] == "d" else dt.timedelta(hours=number)


class Command(BaseCommand):
    help = "Move the sandbox clock forward (32d, 12h) and run the periodic jobs that fall due."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("by", type=span, help="how far, such as 32d or 12h")
        parser.add_argument(
            "--patience",
            type=float,
            default=10.0,
            help="seconds to wait for the meter where an invoice needs all calls of a period (default: 10)",
        )

    def handle(self, *args: Any, by: dt.timedelta, patience: float, **options: Any) -> None:
        left, done = by, Counter[str]()
        while left:
            step = min(left, _STEP)
            try:
                clock.advance(step)
            except DomainError as error:
                raise CommandError(error.message) from error
            clock.refresh()
            done.update(_run_jobs())
            done.update(waited := _wait_for_meter(patience))
            if count_drafts() and not waited:
                patience = 0.0  # no meter runs; the other steps would wait in vain, too
            left -= step
        self.stdout.write(f"It is {clock.now():%Y-%m-%d %H:%M} UTC now.")
        for what, count in sorted(done.items()):
            if count:
                self.stdout.write(f"{what}: {count}")
        if drafts := count_drafts():
            self.stdout.write(f"invoices that wait for the meter: {drafts}")


def _run_jobs() -> Counter[str]:
    """Every periodic job, here and now; what those that count say that they did."""
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
