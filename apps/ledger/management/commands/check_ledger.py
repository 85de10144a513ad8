"""Look the books over and name every fault; ends with an error where there is one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from apps.ledger.checks import list_faults, list_warnings
from apps.ledger.models import JournalEntry


class Command(BaseCommand):
    help = "Check the books: balances, seals, and one booking for everything that was paid. Names every fault."

    def handle(self, *args: Any, **options: Any) -> None:
        is_nested = connection.in_atomic_block
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_nested:
                # One view of the tables: what is booked meanwhile is not half seen.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            count, entries = 0, JournalEntry.objects.count()
            for fault in list_faults():
                count += 1
                self.stderr.write(f"{fault.code}: {fault.subject} ({fault.detail})")
            for warning in list_warnings():
                self.stdout.write(f"warning: {warning.code}: {warning.subject} ({warning.detail})")
        if count:
            raise CommandError(f"{count} faults in {entries} entries.")
        self.stdout.write(f"{entries} entries, no fault.")
