"""Writes of usage that are not the meter's: periods, partitions, and what is kept how long."""

import datetime as dt
from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.usage import partitions, recording
from apps.usage.models import Rejection, RequestRecording
from apps.usage.periods import close_ended_periods, open_missing_periods, refresh_open_periods

REJECTIONS_KEPT = dt.timedelta(days=30)
RECORDINGS_KEPT = dt.timedelta(days=7)
_RECORDINGS_AT_ONCE = 100


def record_quota_periods() -> None:
    """Write down what each quota period was used, and close those that nothing can be added to any more."""
    now = clock.now()
    open_missing_periods(now)
    refresh_open_periods(now)
    close_ended_periods(now)


def ensure_partitions() -> list[str]:
    """Make the partitions of the coming months; the names of new ones."""
    return partitions.ensure_partitions(clock.now())


def prune_rejections() -> int:
    """Delete refused calls that are older than 30 days; how many."""
    with transaction.atomic():
        deleted, _ = Rejection.objects.filter(occurred_at__lt=clock.now() - REJECTIONS_KEPT).delete()
    return deleted


def store_recordings() -> int:
    """Move recorded calls from Redis to their table; how many. What a process loses that dies in between is lost."""
    stored = 0
    while batch := recording.pop(_RECORDINGS_AT_ONCE):
        now = clock.now()
        RequestRecording.objects.bulk_create(
            [
                RequestRecording(
                    id=UUID(one.event_id),
                    product_id=one.product_id,
                    recorded_at=now,
                    query=one.query,
                    request_headers=one.request_headers,
                    request_body=one.request_body,
                    is_request_cut=one.is_request_cut,
                    status=one.status,
                    answer_headers=one.answer_headers,
                    answer_body=one.answer_body,
                    is_answer_cut=one.is_answer_cut,
                )
                for one in batch
            ],
            ignore_conflicts=True,
        )
        stored += len(batch)
    return stored


def prune_recordings() -> int:
    """Delete recorded calls that are older than 7 days; how many."""
    with transaction.atomic():
        deleted, _ = RequestRecording.objects.filter(recorded_at__lt=clock.now() - RECORDINGS_KEPT).delete()
    return deleted
