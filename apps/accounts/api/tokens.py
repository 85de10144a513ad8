"""The access tokens of an organization."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts import selectors, services
from apps.accounts.api.serializers import AccessTokenSerializer, NewTokenSerializer, TokenInput
from apps.accounts.enums import TokenScope
from apps.accounts.models import AccessToken
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation

TAG = "Account"
READ, WRITE = TokenScope.TOKENS_READ, TokenScope.TOKENS_WRITE


class TokensView(OrganizationView):
    @operation(
        "listTokens", "List the access tokens of your organization", tag=TAG, scope=READ,
        description="Of all members, revoked ones too.",
        answer=AccessTokenSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[AccessToken]:
        return selectors.list_access_tokens(self.actor)

    @operation(
        "createToken", "Make an access token", tag=TAG, scope=WRITE,
        description="Asked for with an access token, the new one has no scope beyond those of that one and ends with "
        "it at the latest.",
        body=TokenInput, answer=NewTokenSerializer, status=201, secrets=["secret"],
        examples={"request": {"name": "CI", "scopes": ["usage:read"]}},
    )  # fmt: skip
    def post(self, request: Request) -> dict[str, Any]:
        token, secret = services.create_access_token(actor=self.actor, within=self.token, **self.body)
        return {"token": token, "secret": secret}


class TokenView(OrganizationView):
    @property
    def named(self) -> AccessToken:
        return selectors.get_access_token(self.actor, public_id=self.kwargs["token_id"])


class TokenDetailView(TokenView):
    @operation("getToken", "Show an access token", tag=TAG, scope=READ, answer=AccessTokenSerializer)
    def get(self, request: Request, token_id: str) -> AccessToken:
        return self.named


class RevokeTokenView(TokenView):
    @operation(
        "revokeToken", "End an access token for good", tag=TAG, scope=WRITE,
        description="Your own, or anybody's where you manage members. Once more is no error.",
        body=Empty, answer=AccessTokenSerializer,
    )  # fmt: skip
    def post(self, request: Request, token_id: str) -> AccessToken:
        return services.revoke_access_token(actor=self.actor, token=self.named)
