"""An empty database after a test that committed, for the price of what the test wrote.

Django's own `flush` truncates every table, and makes content types and permissions anew: a quarter of a second, and
more with every table that the product gets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.postgresql.creation import DatabaseCreation
from django.test import TransactionTestCase

# What migrating has made and no test changes.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
# No trigger fires: neither those that refuse the removal of rows, nor those of foreign keys, whose both sides go.
UNGUARDED = "SET LOCAL session_replication_role = replica"
GUARDED = "SET LOCAL session_replication_role = origin"


def empty_written_tables() -> None:
    """Remove every row that is committed, in one transaction."""
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        probes = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})" for name in _tables())
        cursor.execute(" UNION ALL ".join(probes))
        written = {name for (name,) in cursor.fetchall()}
        if written:
            deletes = "".join(f"DELETE FROM {quote(name)};" for name in sorted(written))
            cursor.execute(f"BEGIN; {UNGUARDED}; {deletes} COMMIT")


@contextmanager
def unguarded() -> Iterator[None]:
    """Write what the database would refuse: a state of another time, or one that is wrong on purpose."""
    with transaction.atomic(), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(UNGUARDED)
        yield
        cursor.execute(GUARDED)


@cache
def _tables() -> tuple[str, ...]:
    names = connections[DEFAULT_DB_ALIAS].introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - KEPT))


def flush_cheaply() -> None:
    """Let every `TransactionTestCase` (`django_db(transaction=True)`) end with `empty_written_tables`."""
    TransactionTestCase._fixture_teardown = lambda self: empty_written_tables()  # type: ignore[method-assign]


def drop_at_once() -> None:
    """Let a test database go although a server process, whose client has just been stopped, still has it open."""

    def drop(self: DatabaseCreation, name: str, verbosity: int) -> None:
        with self._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self._quote_name(name)} WITH (FORCE)")

    DatabaseCreation._destroy_test_db = drop
