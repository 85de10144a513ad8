"""Move the sandbox clock, and run the periodic jobs on the way: a month of the installation's life in seconds."""

import argparse
import datetime as dt
import re
from collections import Counter
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError

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

    def handle(self, *args: Any, by: dt.timedelta, **options: Any) -> None:
        left, done = by, Counter[str]()
        while left:
            step = min(left, _STEP)
            try:
                clock.advance(step)
            except DomainError as error:
                raise CommandError(error.message) from error
            clock.refresh()
            done.update(_run_jobs())
            left -= step
        self.stdout.write(f"It is {clock.now():%Y-%m-%d %H:%M} UTC now.")
        for what, count in sorted(done.items()):
            if count:
                self.stdout.write(f"{what}: {count}")


def _run_jobs() -> Counter[str]:
    """Every periodic job, here and now; what those that count say that they did."""
    counted = Counter[str]()
    for entry in current_app.conf.beat_schedule.values():
        outcome = current_app.tasks[entry["task"]].apply(throw=True).result
        if isinstance(outcome, dict):
            counted.update(outcome)
    return counted
