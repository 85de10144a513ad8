from celery import shared_task
from django.db import IntegrityError

from apps.accounts.models import User
from apps.billing import mailing, services
from apps.billing.services import stripe_events
from apps.billing.services.elsewhere import Overtaken
from apps.payments.errors import PaymentPending, ProviderUnavailable

# The job is started each minute; what is left then is its next run's.
SECONDS_AT_ONCE = 50


@shared_task(name="billing.expire_checkouts")
def expire_checkouts() -> dict[str, int]:
    return {"checkouts closed": services.expire_checkouts()}


@shared_task(name="billing.close_due_periods")
def close_due_periods() -> dict[str, int]:
    return services.close_due_periods(seconds=SECONDS_AT_ONCE)


@shared_task(name="billing.run_dunning")
def run_dunning() -> dict[str, int]:
    return services.run_dunning()


@shared_task(name="billing.refund_due")
def refund_due() -> dict[str, int]:
    return {"invoices refunded": services.refund_due() + services.refund_after_end()}


@shared_task(name="billing.report_tax")
def report_tax() -> dict[str, int]:
    return {"invoices and credit notes reported": services.report_tax()}


@shared_task(name="billing.forget_tax_calculations")
def forget_tax_calculations() -> dict[str, int]:
    return {"calculations forgotten": services.forget_tax_calculations()}


@shared_task(name="billing.advance_sandbox_clock")
def advance_sandbox_clock(staff_id: int, days: int) -> dict[str, int]:
    return services.advance_clock_as_staff(staff=User.objects.get(pk=staff_id), days=days)


@shared_task(name="billing.find_late_usage")
def find_late_usage() -> dict[str, int]:
    return {"stretches with late usage": services.find_late_usage()}


@shared_task(name="billing.remind_of_trial_ends")
def remind_of_trial_ends() -> dict[str, int]:
    return {"trials reminded of": services.remind_of_trial_ends()}


@shared_task(name=mailing.SEND_TASK, autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def mail_document(invoice_id: int, note_id: int | None) -> None:
    mailing.mail_document(invoice_id=invoice_id, note_id=note_id)


# Stripe is asked again until it answers.
_ASK_AGAIN = (ProviderUnavailable, PaymentPending, Overtaken, IntegrityError)


@shared_task(name=stripe_events.SYNC_TASK, autoretry_for=_ASK_AGAIN, retry_backoff=5, max_retries=12)
def sync_stripe_subscription(reference: str, organization_id: str = "") -> None:
    services.follow_stripe(reference=reference, organization_id=organization_id)


@shared_task(name=stripe_events.RECORD_TASK, autoretry_for=_ASK_AGAIN, retry_backoff=5, max_retries=12)
def record_stripe_invoice(reference: str) -> None:
    services.record_stripe_invoice(reference=reference)


@shared_task(name="billing.follow_all_at_stripe")
def follow_all_at_stripe() -> dict[str, int]:
    return {"subscriptions followed": services.follow_all_at_stripe()}
