from celery import shared_task

from apps.core import clock
from apps.payments import services
from apps.payments.enums import Provider
from apps.payments.models import Payment, Refund


@shared_task(name="payments.settle_payments")
def settle_payments() -> dict[str, int]:
    return {"payments settled": services.settle_payments()}


@shared_task(name="payments.settle_refunds")
def settle_refunds() -> dict[str, int]:
    return {"refunds settled": services.settle_refunds()}


@shared_task(name="payments.settle_payment")
def settle_payment(payment_id: int) -> None:
    services.collect_payment(payment=Payment.objects.get(pk=payment_id))


@shared_task(name="payments.settle_refund")
def settle_refund(refund_id: int) -> None:
    services.make_refund(refund=Refund.objects.get(pk=refund_id))


@shared_task(name="payments.check_refund")
def check_refund(refund_id: int) -> None:
    services.check_refund(refund=Refund.objects.get(pk=refund_id))


@shared_task(name="payments.record_hosted_card")
def record_hosted_card(reference: str) -> None:
    services.record_hosted_card(reference=reference, provider=Provider.STRIPE)


@shared_task(name="payments.process_events")
def process_events() -> dict[str, int]:
    services.emit_due_events(now=clock.now())
    return {"provider events processed": services.process_events()}
