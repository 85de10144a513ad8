from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail

from apps.payouts import services
from apps.payouts.models import Payout, PayoutAccount, Recovery


@shared_task(name="payouts.create_scheduled")
def create_scheduled() -> dict[str, int]:
    return {"payouts made": services.create_scheduled_payouts()}


@shared_task(name="payouts.send_due")
def send_due() -> dict[str, int]:
    return {"payouts sent": services.send_due_payouts(), "recoveries ended": services.retry_recoveries()}


@shared_task(name="payouts.refresh_accounts")
def refresh_accounts() -> dict[str, int]:
    return {"payout accounts changed": services.refresh_accounts()}


@shared_task(name="payouts.reconcile")
def reconcile() -> dict[str, int]:
    return {"reconciliation faults": sum(run.faults.count() for run in services.reconcile_yesterday())}


@shared_task(name="payouts.refresh_account")
def refresh_account(account_id: int) -> None:
    services.refresh_account(account=PayoutAccount.objects.get(pk=account_id))


@shared_task(name="payouts.send_payout")
def send_payout(payout_id: int) -> None:
    services.send_payout(payout=Payout.objects.get(pk=payout_id))


@shared_task(name="payouts.attempt_recovery")
def attempt_recovery(recovery_id: int) -> None:
    services.attempt_recovery(recovery=Recovery.objects.select_related("payout").get(pk=recovery_id))


@shared_task(name="payouts.mail_staff")
def mail_staff(subject: str, body: str) -> None:
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, settings.STAFF_EMAILS)
