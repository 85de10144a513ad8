"""The monthly partitions of the usage events. Uses plain SQL: Django does not know partitions."""

import datetime as dt

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

TABLE = "usage_usageevent"
DEFAULT = "usage_usageevent_default"
MONTHS_AHEAD = 3
# An arbitrary number: two processes that make partitions at once wait for each other.
_LOCK = 7_205_770_113


def ensure_partitions(at: dt.datetime) -> list[str]:
    """Make the partitions of the month of `at`, the one before and the coming three; the names of new ones.

    Events of such a month that already lie in the default partition move into it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = to_regclass(%s)",
            [TABLE],
        )
        existing = {row[0] for row in cursor.fetchall()}
        if not existing:
            return []  # the table itself is not there (yet): migrations run app by app
        first = _month(at, -1)
        made = []
        for number in range(MONTHS_AHEAD + 2):
            start, end = _month(first, number), _month(first, number + 1)
            name = f"{TABLE}_{start:%Y_%m}"
            if name not in existing:
                _make(cursor, name, start, end)
                made.append(name)
        return made


def _make(cursor: CursorWrapper, name: str, start: dt.datetime, end: dt.datetime) -> None:
    # Attached only when it holds its rows: the default partition may not hold any of its range then.
    cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
    cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
    cursor.execute(
        f"WITH moved AS (DELETE FROM {DEFAULT} WHERE occurred_at >= %s AND occurred_at < %s RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved",
        [start, end],
    )
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")


def _month(at: dt.datetime, ahead: int) -> dt.datetime:
    """The start of the month of `at`, moved by so many months, UTC."""
    year, month = divmod(at.year * 12 + at.month - 1 + ahead, 12)
    return dt.datetime(year, month + 1, 1, tzinfo=dt.UTC)
