"""Count usage again and name every difference; ends with an error where there is one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.usage.reconciliation import reconcile
from apps.usage.reconciliation.runs import DAYS, NAMED_MAX


class Command(BaseCommand):
    help = "Compare rollups with the calls, and quota counters with what they must be. Names every difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help="how many UTC days, today the last (default: 2)")
        parser.add_argument("--repair", action="store_true", help="count wrong quota counters anew")

    def handle(self, *args: Any, **options: Any) -> None:
        found = reconcile(days=options["days"], repair=options["repair"])
        for line in found.lines:
            self.stderr.write(line)
        if found.differences > NAMED_MAX:
            self.stderr.write(f"and {found.differences - NAMED_MAX} more")
        if found.differences:
            raise CommandError(f"{found.differences} differences.")
        self.stdout.write(f"{options['days']} days and every counter of a running period, no difference.")
