"""The bases of views that know who asks."""

from functools import cached_property
from typing import Any, cast

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from apps.accounts.access import Actor
from apps.accounts.models import AccessToken, Organization, User
from apps.accounts.rest.authentication import (
    AccessTokenAuthentication,
    JwtAuthentication,
    PortalSessionAuthentication,
    SessionTokenAuthentication,
)
from apps.accounts.rest.throttling import CallerThrottle
from apps.accounts.scopes import covers
from apps.accounts.selectors import get_actor, get_actor_named
from apps.core.errors import NotFound
from apps.core.rest.base import RestView
from apps.core.rest.errors import OrganizationMissing, ScopeMissing, TokenRefused

ORGANIZATION_HEADER = "X-Organization"


class VisitorView(RestView):
    """Everybody may ask; who is known may see more."""

    authentication_classes = [
        AccessTokenAuthentication,
        JwtAuthentication,
        SessionTokenAuthentication,
        PortalSessionAuthentication,
    ]
    throttle_classes = [CallerThrottle]
    # As in the document (`core.rest.components`).
    security = ("accessToken", "sessionToken", "portalSession")
    is_private = False

    @property
    def token(self) -> AccessToken | None:
        return self.request.auth if isinstance(self.request.auth, AccessToken) else None

    @property
    def visitor(self) -> User | None:
        return self.request.user if isinstance(self.request.user, User) else None

    @cached_property
    def actor(self) -> Actor:
        """The person acting for the organization that the token, or else the header, names.

        The role is that of now: a token can do no more than its person. Raises `TokenRefused` for a token whose
        person has left, `NotFound` for an organization that they are no member of, `OrganizationMissing`.
        """
        user, token, named = self.visitor, self.token, self.request.headers.get(ORGANIZATION_HEADER, "")
        if user is None:
            raise NotAuthenticated
        if token is None:
            if not named:
                raise OrganizationMissing
            return get_actor_named(user=user, organization=named)
        if named not in ("", token.organization.slug, token.organization.public_id):
            raise NotFound
        try:
            return get_actor(user=user, organization_slug=token.organization.slug)
        except NotFound:
            raise TokenRefused("token_invalid", str(NotFound.message)) from None

    @property
    def organization(self) -> Organization | None:
        """The organization that is acted for, if the request names one. Raises as `actor`."""
        named = self.token is not None or ORGANIZATION_HEADER in self.request.headers
        return self.actor.organization if self.visitor is not None and named else None

    def check_scope(self, scope: str) -> None:
        token = self.token
        if scope and token is not None and not covers(token.scopes, scope):
            raise ScopeMissing(scope=scope)


class UserView(VisitorView):
    """For people who are known, whatever organization they act for."""

    is_private = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.visitor is None:
            raise NotAuthenticated

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def caller(self) -> str:
        return self.user.public_id


class OrganizationView(UserView):
    """For a member acting for an organization: `self.actor`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _ = self.actor

    @property
    def caller(self) -> str:
        return f"{self.user.public_id}/{self.actor.organization.public_id}"
