"""An API key of a subscription, wherever the gateway takes it."""

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
from apps.gateway.engine.admission.credentials import ConflictingKeys, extract
from apps.gateway.engine.admission.networks import check_key_networks, check_networks, network_rule
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Problem, Rejected
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
        _check_address(client_address(django_request(request)), key)
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


def _check_address(address: str, key: ApiKey) -> None:
    """As the gateway would for a call of no endpoint in particular: the lists of the product and of the key."""
    product = key.subscription.product
    try:
        check_networks(address, product=network_rule(product.allowed_networks, product.denied_networks), endpoint=None)
        if (rule := network_rule(key.allowed_networks)) is not None:
            check_key_networks(address, rule)
    except Rejected as rejected:
        raise PermissionDenied(rejected.detail, rejected.problem.code) from None
