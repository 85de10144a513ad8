"""The data of the benchmark: made once, and used again while schema and builder are the same and the data is fresh."""

import datetime as dt
import hashlib
import json
import sys
import time
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from bench.pages import traffic
from bench.pages.rows import SIZES, add_people_and_catalogue, add_sales

# The pages show the last 30 days: older data would show less and less.
FRESH_FOR = dt.timedelta(days=3)
CHUNKS = 20


def build(folder: Path, *, anew: bool = False) -> None:
    """See that the database holds the data; `anew` makes it in any case."""
    record = folder / "built.json"
    fingerprint = _fingerprint()
    if not anew and _is_current(record, fingerprint):
        return
    record.unlink(missing_ok=True)
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    _say("tables", started)
    with transaction.atomic():
        bases = add_people_and_catalogue()
    _say("people and products", started)
    with transaction.atomic():
        add_sales(bases)
    _say("subscriptions, keys, invoices, audit", started)
    _make_partitions()
    for chunk in range(CHUNKS):
        size = SIZES["events"] // CHUNKS
        traffic.add_calls(bases, SIZES, chunk * size + 1, (chunk + 1) * size)
        _say(f"calls, {(chunk + 1) * size:,}", started)
    traffic.add_rejections(bases, SIZES)
    traffic.add_rollups()
    _say("rollups", started)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    _say("statistics", started)
    record.write_text(json.dumps({"fingerprint": fingerprint, "built_at": timezone.now().isoformat()}))


def _fingerprint() -> str:
    """Of the migrations and of this package's own code that makes rows."""
    loader = MigrationLoader(None)
    digest = hashlib.sha256(repr(sorted(loader.disk_migrations)).encode())
    for name in ("build.py", "rows.py", "traffic.py", "../multiply.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()


def _is_current(record: Path, fingerprint: str) -> bool:
    if not record.exists():
        return False
    known = json.loads(record.read_text())
    age = timezone.now() - dt.datetime.fromisoformat(known["built_at"])
    return bool(known["fingerprint"] == fingerprint and age < FRESH_FOR)


def _make_partitions() -> None:
    from apps.usage.partitions import ensure_partitions

    now = timezone.now()
    for days in (traffic.DAYS, traffic.DAYS // 2, 0):
        ensure_partitions(now - dt.timedelta(days=days))


def _say(what: str, started: float) -> None:
    sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {what}\n")
