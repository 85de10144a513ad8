import datetime as dt

from celery import shared_task

CHANGES_KEPT = dt.timedelta(days=1)


@shared_task(name="core.prune_changes")
def prune_changes() -> None:
    """Delete lines of the change feed that every process has long read."""
    from apps.core.models import Change

    Change.objects.filter(created_at__lt=dt.datetime.now(dt.UTC) - CHANGES_KEPT).delete()


@shared_task(name="core.prune_idempotent_requests")
def prune_idempotent_requests() -> None:
    """Forget requests with an `Idempotency-Key` that are older than a day."""
    from apps.core.rest.idempotency import prune

    prune()
