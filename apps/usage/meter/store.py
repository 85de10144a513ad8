"""Storing a batch in one transaction: events, rejections, rollups and the position itself. Uses the ORM."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import DataError, IntegrityError, connection, transaction

from apps.usage.counters.records import EventRecord, RejectionRecord, Undecodable, decode_entry
from apps.usage.counters.types import SHARDS
from apps.usage.meter.batch import Batch, Entry, Position
from apps.usage.meter.insert import insert_events, insert_rejections
from apps.usage.meter.rollups import add_to_rollups
from apps.usage.models import QuarantinedEntry, StaleCounter, StreamPosition

_COMPLETE = """
WITH idle AS (
    SELECT * FROM unnest(%s::smallint[], %s::text[], %s::text[], %s::timestamptz[])
        AS idle(shard, generation, stream_id, complete_until)
), locked AS (
    SELECT stored.shard, idle.complete_until FROM usage_streamposition stored JOIN idle USING (shard)
    WHERE stored.generation = idle.generation AND stored.stream_id = idle.stream_id
    ORDER BY shard FOR UPDATE OF stored SKIP LOCKED
)
UPDATE usage_streamposition stored SET complete_until = greatest(stored.complete_until, locked.complete_until)
FROM locked WHERE stored.shard = locked.shard
"""

logger = logging.getLogger(__name__)

Record = TypeVar("Record", EventRecord, RejectionRecord)
Result = TypeVar("Result")


def load_positions() -> dict[int, Position]:
    """The stored position of every shard; made where there is none."""
    StreamPosition.objects.bulk_create((StreamPosition(shard=shard) for shard in range(SHARDS)), ignore_conflicts=True)
    rows = StreamPosition.objects.values_list("shard", "generation", "stream_id")
    return {shard: Position(generation, stream_id) for shard, generation, stream_id in rows}


def store_batch(batch: Batch, before_commit: Callable[[], None]) -> int | None:
    """Store the batch and move the position; how many requests to count anew came of it.

    None when another meter is at this shard or was there meanwhile: then nothing was stored.
    """
    with transaction.atomic():
        stored = StreamPosition.objects.select_for_update(skip_locked=True).filter(shard=batch.shard).first()
        if stored is None or Position(stored.generation, stored.stream_id) != batch.asked:
            return None
        stale = _store_entries(batch)
        if batch.start.generation != batch.asked.generation and batch.mark != str(batch.asked):
            # The counters of this generation were built on another position than the one it follows: something
            # was stored in between that they do not know.
            stale = {None}
        StaleCounter.objects.bulk_create(
            StaleCounter(shard=batch.shard, subscription_id=subscription) for subscription in stale
        )
        end = batch.end
        stored.generation, stored.stream_id = end.generation, end.stream_id
        stored.complete_until = max(filter(None, (stored.complete_until, batch.complete_until)), default=None)
        stored.save()
        before_commit()
    return len(stale)


def store_complete(batches: Sequence[Batch]) -> None:
    """Move `complete_until` of shards without entries, where the position is still the one they were read at."""
    rows = [
        (batch.shard, batch.asked.generation, batch.asked.stream_id, batch.complete_until)
        for batch in batches
        if batch.complete_until is not None
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_COMPLETE, [list(column) for column in zip(*rows, strict=True)])


def _store_entries(batch: Batch) -> set[int | None]:
    """The subscriptions whose counters are to be counted anew, None for all of the shard.

    Those are the ones of events that were stored already (Redis counted them twice), and of what could not be
    stored at all.
    """
    events: list[tuple[Entry, EventRecord]] = []
    rejections: list[tuple[Entry, RejectionRecord]] = []
    stale: set[int | None] = set()
    for entry in batch.entries:
        try:
            record = decode_entry(entry.fields)
        except Undecodable as error:
            _quarantine(batch, entry, error)
            stale.add(None)
            continue
        if isinstance(record, EventRecord):
            events.append((entry, record))
        elif isinstance(record, RejectionRecord):
            rejections.append((entry, record))
    new = set().union(*_insert(batch, events, insert_events))
    fresh = []
    for _, event in events:
        identity = (event.id, event.occurred_at)
        if identity in new:
            new.discard(identity)  # a second time in the same batch is a double
            fresh.append(event)
        else:
            stale.add(event.subscription_id)
    _insert(batch, rejections, insert_rejections)
    add_to_rollups(fresh)
    return stale


def _insert(
    batch: Batch, pairs: Sequence[tuple[Entry, Record]], function: Callable[[Sequence[Record]], Result]
) -> list[Result]:
    """Store all records at once; where one of them cannot be, each by itself, and that one in quarantine."""
    if not pairs:
        return []
    try:
        with transaction.atomic():
            return [function([record for _, record in pairs])]
    except (DataError, IntegrityError) as error:
        if len(pairs) == 1:
            _quarantine(batch, pairs[0][0], error)
            return []
    return [result for pair in pairs for result in _insert(batch, [pair], function)]


def _quarantine(batch: Batch, entry: Entry, error: Exception) -> None:
    logger.error("shard %s, entry %s cannot be stored: %s", batch.shard, entry.stream_id, error)
    QuarantinedEntry.objects.create(
        shard=batch.shard,
        generation=batch.start.generation,
        stream_id=entry.stream_id,
        fields={name: value.replace("\x00", "\ufffd") for name, value in entry.fields.items()},
        error=str(error).replace("\x00", "\ufffd")[:500],
    )
