"""dj-stripe's tables, for the tests that need them: its migrations take a minute, and no other test uses them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from tests import database

APP = "djstripe"


class WhenAskedFor:
    """Nothing of dj-stripe is made with the test database; once it is made, it is emptied like all else."""

    are_made = False

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return self.are_made if app_label == APP else None


@contextmanager
def stripe_tables() -> Iterator[None]:
    """The tables as they are after its migrations; gone at the end, so that others find the database as it was."""
    models = list(apps.get_app_config(APP).get_models())
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
    WhenAskedFor.are_made = True
    database._tables.cache_clear()
    try:
        yield
    finally:
        names = [model._meta.db_table for model in apps.get_app_config(APP).get_models(include_auto_created=True)]
        quoted = ", ".join(connection.ops.quote_name(name) for name in names)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {quoted} CASCADE")
        WhenAskedFor.are_made = False
        database._tables.cache_clear()
