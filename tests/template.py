"""One migrated database for a run: the databases of its workers are copies of it, and one worker alone migrates."""

import os
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from psycopg import sql

from config.embedded.lock import file_lock


def copy_from_template(folder: Path) -> None:
    """Let this worker's database be made as a copy; `folder` is of this run alone, and all of its workers see it."""
    settings = connections[DEFAULT_DB_ALIAS].settings_dict
    name = template_name(settings["NAME"])
    migrated = folder / "template-is-migrated"
    with file_lock(folder / "template.lock"):
        if not migrated.exists():
            _migrate(name)
            migrated.touch()
    settings["TEST"]["TEMPLATE"] = name


def template_name(database: str) -> str:
    return f"{TEST_DATABASE_PREFIX}{database}_template"


def drop_template() -> None:
    """On a server that outlives the run."""
    name = unquote(urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/"))
    statement = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(template_name(name)))
    with closing(psycopg.connect(os.environ["DATABASE_URL"], dbname="postgres", autocommit=True)) as connection:
        connection.execute(statement)


def _migrate(name: str) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    original, workers = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        # Closes it, and goes back to `original`.
        connection.creation.destroy_test_db(original, verbosity=0, keepdb=True)
        connection.settings_dict["TEST"]["NAME"] = workers
