"""Enqueueing: by name, always after commit, from this one function."""

import datetime as dt
from typing import Any

from celery import current_app, shared_task
from django.db import transaction

CHANGES_KEPT = dt.timedelta(days=1)


def enqueue(name: str, **kwargs: Any) -> None:
    """Run the task `<app>.<verb>_<noun>` once the caller's transaction is committed."""
    transaction.on_commit(lambda: current_app.tasks[name].delay(**kwargs))


@shared_task(name="core.prune_changes")
def prune_changes() -> None:
    """Delete lines of the change feed that every process has long read."""
    from apps.core.models import Change

    Change.objects.filter(created_at__lt=dt.datetime.now(dt.UTC) - CHANGES_KEPT).delete()
