from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from apps.accounts.models import Invitation


@shared_task(name="accounts.send_invitation", autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def send_invitation(invitation_id: int) -> None:
    """Tell the invited person; nothing is sent when the invitation is gone."""
    invitation = Invitation.objects.select_related("organization", "invited_by").filter(pk=invitation_id).first()
    if invitation is None:
        return
    context = {"invitation": invitation, "web_url": settings.WEB_URL}
    send_mail(
        subject=render_to_string("email/invitation/subject.txt", context).strip(),
        message=render_to_string("email/invitation/body.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        recipient_list=[invitation.email],
    )
