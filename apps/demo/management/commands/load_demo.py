from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.demo import credentials
from apps.demo.loader import load_demo


class Command(BaseCommand):
    help = "Load the demo marketplace. A second run changes nothing but the addresses of the backends."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changes = load_demo(self.stdout.write)
        except DomainError as error:
            raise CommandError(f"The demo was not loaded: {error.message}") from error
        if changes:
            self.stdout.write(self.style.SUCCESS(f"The demo marketplace is loaded: {changes} changes."))
        else:
            self.stdout.write("The demo marketplace was loaded already: nothing changed.")
        self.stdout.write(f"Passwords and keys are in {credentials.path()}")
