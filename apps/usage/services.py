"""Writes of usage that are not the meter's: periods, partitions, and what is kept how long."""

import datetime as dt

from django.db import transaction

from apps.core import clock
from apps.usage import partitions
from apps.usage.models import Rejection
from apps.usage.periods import close_ended_periods, open_missing_periods, refresh_open_periods

REJECTIONS_KEPT = dt.timedelta(days=30)


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
