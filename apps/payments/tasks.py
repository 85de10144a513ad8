from celery import shared_task

from apps.payments import services


@shared_task(name="payments.settle_payments")
def settle_payments() -> dict[str, int]:
    return {"payments settled": services.settle_payments()}
