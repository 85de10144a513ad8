"""The limit of requests of who is known: for each token, else for each person."""

from django.conf import settings
from rest_framework.request import Request

from apps.accounts.models import AccessToken, User
from apps.core.rest.throttling import AddressThrottle


class CallerThrottle(AddressThrottle):
    """`REST_RATE_CALLER` for each token or person; that of the address for strangers."""

    def key_and_rate(self, request: Request) -> tuple[str, str]:
        if isinstance(request.auth, AccessToken):
            return f"token:{request.auth.pk}", settings.REST_RATE_CALLER
        if isinstance(request.user, User):
            return f"user:{request.user.pk}", settings.REST_RATE_CALLER
        return super().key_and_rate(request)
