"""Let a role of the database read the books and add to them, and nothing else."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from apps.ledger.grants import statements


class Command(BaseCommand):
    help = "Print the statements that leave a role SELECT and INSERT on the books; with --apply, run them as the owner."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--role", required=True, help="the role as which the product connects")
        parser.add_argument("--apply", action="store_true", help="run them")

    def handle(self, *args: Any, role: str, apply: bool, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements(role):
                self.stdout.write(f"{statement.as_string(cursor.connection)};")
                if apply:
                    cursor.execute(statement)
