"""Count usage again and name every difference; ends with an error where one is left."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from apps.usage.counters.pipe import LinkDown
from apps.usage.reconciliation import reconcile
from apps.usage.reconciliation.runs import DAYS, NAMED_MAX, Reconciled

_DAYS_MAX = 3660
_FOR_A_PERSON = (
    "Rollups are not repaired, since a wrong one means that somebody or a bug wrote past the meter. "
    "The calls (UsageEvent) are the truth; hours are summed from them, and days from hours."
)


class Command(BaseCommand):
    help = "Compare rollups with the calls, and quota counters with what they must be. Names every difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help="how many UTC days, today the last (default: 2)")
        parser.add_argument("--repair", action="store_true", help="count wrong quota counters anew")

    def handle(self, *args: Any, **options: Any) -> None:
        days, repair = options["days"], options["repair"]
        if not 1 <= days <= _DAYS_MAX:
            raise CommandError(f"--days is from 1 to {_DAYS_MAX}.")
        try:
            found = reconcile(days=days, repair=repair)
        except LinkDown as error:
            raise CommandError(f"The counters in Redis ({_counters()}) failed: {error}") from error
        except OperationalError as error:
            raise CommandError(f"Postgres failed: {error}") from error
        for line in found.lines:
            self.stderr.write(line)
        if found.differences > NAMED_MAX:
            self.stderr.write(f"and {found.differences - NAMED_MAX} more")
        if not found.differences:
            self.stdout.write(f"{_several(days, 'day')} and every counter of a running period, no difference.")
        elif repair and found.counters:
            self.stdout.write(f"{_several(found.counters, 'counter')} counted anew.")
        self._end(found, repair)

    def _end(self, found: Reconciled, repair: bool) -> None:
        rollups = found.differences - found.counters
        left = rollups if repair else found.differences
        if not left:
            return
        advice = [] if repair or not found.counters else ["--repair counts wrong counters anew."]
        advice += [_FOR_A_PERSON] if rollups else []
        raise CommandError(" ".join([f"{_several(left, 'difference')}.", *advice]))


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _counters() -> str:
    """Where they are, without a password."""
    return urlsplit(settings.COUNTERS_URL).netloc.rpartition("@")[2] or "a Unix socket"
