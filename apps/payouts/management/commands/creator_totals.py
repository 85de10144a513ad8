from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser

from apps.payouts.exports import yearly_csv
from apps.payouts.selectors import list_creators, yearly_totals


class Command(BaseCommand):
    help = "What every creator earned in a year, by quarters, as CSV: for 1099-K, DAC7 and the like."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int, help="such as 2026 (UTC)")

    def handle(self, *args: Any, year: int, **options: Any) -> None:
        self.stdout.write(yearly_csv(year, yearly_totals(list_creators(), year)), ending="")
