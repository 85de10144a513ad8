"""Who asks: an access token, a session or JWT of a sign-in without the portal, or the portal's own session.

Each gives the person; a token also says for which organization, and how much of what the person may do.
"""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from allauth.headless.tokens.strategies.jwt.internal import validate_access_token
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.accounts.models import AccessToken, User
from apps.accounts.selectors import TOKEN_PREFIX, find_access_token
from apps.accounts.services import record_use
from apps.core import clock
from apps.core.rest.errors import TokenRefused

_CHALLENGE = "Bearer"


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer af_pat_…`. What else may stand there is left to others."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        secret = _bearer(request)
        if not secret.startswith(TOKEN_PREFIX):
            return None
        token = find_access_token(secret)
        if token is None or not token.user.is_active:
            raise TokenRefused("token_invalid", _("This access token is not known. Check that it is complete."))
        if token.revoked_at is not None:
            raise TokenRefused("token_revoked", _("This access token was revoked. Make another one."))
        if token.expires_at is not None and token.expires_at <= clock.now():
            raise TokenRefused("token_expired", _("This access token has expired. Make another one."))
        record_use(token=token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return _CHALLENGE


class JwtAuthentication(BaseAuthentication):
    """`Authorization: Bearer <JWT>`: the access token of a sign-in through `/_allauth/app/v1/`."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        credentials = _bearer(request)
        if not credentials or credentials.startswith(TOKEN_PREFIX):
            return None
        found = validate_access_token(credentials) if credentials.count(".") == 2 else None
        if found is None or not found[0].is_active:
            raise TokenRefused("token_invalid", _("These credentials are not valid, or not any more. Sign in again."))
        return found[0], None


class SessionTokenAuthentication(BaseAuthentication):
    """`X-Session-Token`: the session of a sign-in through `/_allauth/app/v1/`."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        if "X-Session-Token" not in request.headers:
            return None
        found = XSessionTokenAuthentication().authenticate(request)
        if found is None or not found[0].is_active:
            raise TokenRefused("token_invalid", _("This session is not known, or over. Sign in again."))
        return found[0], None


class PortalSessionAuthentication(SessionAuthentication):
    """The portal's cookie, with the CSRF token for everything that writes."""


def _bearer(request: Request) -> str:
    scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else ""
