from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from apps.core.client import client_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Where the sign-up of django-allauth meets our own rules."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The key of the limits per IP: the same address that every other limit goes by."""
        return client_address(request)
