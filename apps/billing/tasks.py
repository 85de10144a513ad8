from celery import shared_task

from apps.billing import services


@shared_task(name="billing.expire_checkouts")
def expire_checkouts() -> dict[str, int]:
    return {"checkouts closed": services.expire_checkouts()}


@shared_task(name="billing.close_due_periods")
def close_due_periods() -> dict[str, int]:
    return services.close_due_periods()


@shared_task(name="billing.run_dunning")
def run_dunning() -> dict[str, int]:
    return services.run_dunning()


@shared_task(name="billing.refund_due")
def refund_due() -> dict[str, int]:
    return {"invoices refunded": services.refund_due()}
