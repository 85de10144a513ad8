"""Move the sandbox clock, and run the periodic jobs on the way: a month of the installation's life in seconds."""

import argparse
import datetime as dt
import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.billing.selectors import count_drafts
from apps.billing.services import advance_sandbox_clock
from apps.core import clock
from apps.core.errors import DomainError

_AMOUNT = re.compile(r"(?P<number>[1-9]\d{0,4})(?P<unit>[dh])")


def span(text: str) -> dt.timedelta:
    """`32d` or `12h`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("give days or hours, such as 32d or 12h")
    number = int(match["number"])
    return dt.timedelta(days=number) if match["unit"] == "d" else dt.timedelta(hours=number)


def days(text: str) -> dt.timedelta:
    """`32`."""
    try:
        return span(f"{text}d")
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError("give a whole number of days, such as 31") from error


class Command(BaseCommand):
    help = "Move the sandbox clock forward (32d, 12h, or --days 31) and run the periodic jobs that fall due."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        far = parser.add_mutually_exclusive_group(required=True)
        far.add_argument("by", type=span, nargs="?", help="how far, such as 32d or 12h")
        far.add_argument("--days", type=days, help="how far, in days")
        parser.add_argument(
            "--patience",
            type=float,
            default=10.0,
            help="seconds to wait for the meter where an invoice needs all calls of a period (default: 10)",
        )

    def handle(
        self, *args: Any, by: dt.timedelta | None, days: dt.timedelta | None, patience: float, **options: Any
    ) -> None:
        far = by or days
        assert far is not None
        try:
            done = advance_sandbox_clock(by=far, patience=patience)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"It is {clock.now():%Y-%m-%d %H:%M} UTC now.")
        for what, count in sorted(done.items()):
            if count:
                self.stdout.write(f"{what}: {count}")
        if drafts := count_drafts():
            self.stdout.write(f"invoices that wait for the meter: {drafts}")
