from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts import services
from apps.accounts.models import EMAIL_MAX
from apps.core.client import client_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Where the sign-up of django-allauth meets our own rules."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The key of the limits per IP: the same address that every other limit goes by."""
        return client_address(request)

    def clean_email(self, email: str) -> str:
        """Refuse what the library would cut off at the end to make it fit, and so send to somebody else."""
        if len(email) > EMAIL_MAX:
            raise ValidationError(_("An e-mail address has %(most)d characters at most.") % {"most": EMAIL_MAX})
        return email

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Make room for a verified address before it becomes its person's: nobody else may be known by it."""
        if email_address.can_set_verified():
            services.claim_address(user=email_address.user, email=email_address.email)
        return bool(super().confirm_email(request, email_address))
