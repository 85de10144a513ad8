import datetime as dt

from celery import shared_task

CHANGES_KEPT = dt.timedelta(days=1)


@shared_task(name="core.prune_changes")
def prune_changes() -> None:
    """Delete lines of the change feed that every process has long read."""
    from apps.core.models import Change

    Change.objects.filter(created_at__lt=dt.datetime.now(dt.UTC) - CHANGES_KEPT).delete()
