import datetime as dt
import logging
from smtplib import SMTPRecipientsRefused

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from apps.core import clock
from apps.notifications import services
from apps.notifications.models import Notice

logger = logging.getLogger(__name__)

# What has waited longer is left: news of last week is none.
WORTH_SENDING = dt.timedelta(days=2)
# Younger ones are with the task that their transaction enqueued.
OVERDUE = dt.timedelta(minutes=5)
RESENT_MAX = 1000


@shared_task(name=services.SEND_TASK, autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def send_notices(notice_ids: list[int]) -> None:
    """Send the e-mails of these notices, each once: what is sent or gone already is passed over.

    One that fails does not keep the others; the task is then tried again for it.
    """
    failure: OSError | None = None
    with get_connection() as connection:
        for notice_id in notice_ids:
            notice = services.claim_email(notice_id=notice_id)
            if notice is not None:
                failure = _send(notice, connection) or failure
    if failure is not None:
        raise failure


@shared_task(name="notifications.send_waiting")
def send_waiting() -> None:
    """Find the e-mails whose task was lost, or gave up, and enqueue them again."""
    now = clock.now()
    waiting = Notice.objects.waiting().filter(created_at__gt=now - WORTH_SENDING, created_at__lt=now - OVERDUE)
    services.send_later(list(waiting.order_by("created_at").values_list("pk", flat=True)[:RESENT_MAX]))


@shared_task(name="notifications.prune")
def prune() -> None:
    services.prune_notices(now=clock.now())


def _send(notice: Notice, connection: BaseEmailBackend) -> OSError | None:
    """What went wrong where trying again may help; else None."""
    context = {"notice": notice, "web_url": settings.WEB_URL}
    message = EmailMessage(
        # One line, whatever the names in it hold.
        subject=" ".join(render_to_string("email/notice/subject.txt", context).split()),
        body=render_to_string("email/notice/body.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.user.email],
        connection=connection,
    )
    try:
        message.send()
    except SMTPRecipientsRefused:
        logger.warning("the mail server refuses the recipient of notice %s", notice.public_id)
    except OSError as error:
        services.give_back_email(notice=notice)
        return error
    return None
