"""An API key of a subscription, wherever the gateway takes it."""

import ipaddress

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from apps.core import clock
from apps.core.client import client_address
from apps.core.errors import DomainError
from apps.core.rest.errors import TokenRefused
from apps.core.rest.throttling import django_request
from apps.gateway.engine import problems
from apps.gateway.engine.credentials import ConflictingKeys, extract
from apps.gateway.engine.problems import Problem
from apps.keys.models import ApiKey
from apps.keys.secret import is_well_formed
from apps.keys.selectors import find_key

CHALLENGE = "Bearer"


class KeysConflict(DomainError):
    code = problems.BAD_REQUEST.code
    message = "The request carries two API keys that differ."


class ApiKeyAuthentication(BaseAuthentication):
    """`X-Api-Key`, `Authorization: Bearer`, `?api_key=`: refused with the words and codes of the gateway.

    What the subscription or the quota would refuse is not refused here: the key may still ask about itself.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        key = find_key(sent_key(request))
        if key is None:
            raise _refused(problems.KEY_INVALID)
        if key.is_revoked:
            raise _refused(problems.KEY_REVOKED)
        if not key.works_at(clock.now()):
            raise _refused(problems.KEY_EXPIRED)
        if key.allowed_networks and not _is_within(client_address(django_request(request)), key.allowed_networks):
            raise PermissionDenied(problems.IP_NOT_ALLOWED.detail, problems.IP_NOT_ALLOWED.code)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def sent_key(request: Request) -> str:
    """What the request carries that looks like an API key. Raises `TokenRefused` or `KeysConflict`.

    What is none, such as an access token, is not sent on to anybody.
    """
    headers = [
        (name.lower().encode(), value.encode("latin-1", "replace"))
        for name, value in request.headers.items()
        if name.lower() in ("x-api-key", "authorization")
    ]
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    try:
        secret = extract(headers, query, rapidapi=False).secret
    except ConflictingKeys:
        raise KeysConflict from None
    if not secret:
        raise _refused(problems.KEY_MISSING)
    if not is_well_formed(secret):
        raise _refused(problems.KEY_INVALID)
    return secret


def _refused(problem: Problem) -> TokenRefused:
    return TokenRefused(problem.code, _(problem.detail))


def _is_within(address: str, networks: list[str]) -> bool:
    client = ipaddress.ip_address(address)
    return any(client in ipaddress.ip_network(network) for network in networks)
