from celery import shared_task

from apps.usage import reconciliation, services


@shared_task(name="usage.record_quota_periods")
def record_quota_periods() -> None:
    services.record_quota_periods()


@shared_task(name="usage.ensure_partitions")
def ensure_partitions() -> None:
    services.ensure_partitions()


@shared_task(name="usage.prune_rejections")
def prune_rejections() -> None:
    services.prune_rejections()


@shared_task(name="usage.store_recordings")
def store_recordings() -> None:
    services.store_recordings()


@shared_task(name="usage.prune_recordings")
def prune_recordings() -> None:
    services.prune_recordings()


@shared_task(name="usage.reconcile")
def reconcile() -> dict[str, int]:
    return {"differences": reconciliation.reconcile().differences}
