from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

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
