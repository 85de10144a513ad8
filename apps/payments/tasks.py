from celery import shared_task

from apps.core import clock
from apps.payments import services


@shared_task(name="payments.settle_payments")
def settle_payments() -> dict[str, int]:
    return {"payments settled": services.settle_payments()}


@shared_task(name="payments.settle_refunds")
def settle_refunds() -> dict[str, int]:
    return {"refunds settled": services.settle_refunds()}


@shared_task(name="payments.process_events")
def process_events() -> dict[str, int]:
    services.emit_due_events(now=clock.now())
    return {"provider events processed": services.process_events()}
