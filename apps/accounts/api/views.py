"""Who you are, and the organizations that you act for."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts import selectors
from apps.accounts.api.serializers import MemberSerializer, MeSerializer, OrganizationSerializer
from apps.accounts.enums import TokenScope
from apps.accounts.models import Membership
from apps.accounts.rest.base import UserView
from apps.core.rest.operations import operation

TAG = "Account"


class MeView(UserView):
    @operation("getMe", "Show who you are", tag=TAG, answer=MeSerializer)
    def get(self, request: Request) -> dict[str, Any]:
        return {"user": self.user, "token": self.token}


class MembershipsView(UserView):
    """What is asked for one of the person's organizations; with a token, for its own alone."""

    def memberships(self) -> QuerySet[Membership]:
        own = selectors.list_memberships_of(self.user)
        return own.filter(organization=self.token.organization) if self.token else own


class OrganizationsView(MembershipsView):
    @operation(
        "listOrganizations", "List your organizations", tag=TAG, scope=TokenScope.ORGANIZATION_READ,
        description="With an access token: the one that it acts for.",
        answer=OrganizationSerializer, ordering=("id",),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Membership]:
        return self.memberships()


class OneOrganizationView(MembershipsView):
    @operation(
        "getOrganization", "Show an organization", tag=TAG, scope=TokenScope.ORGANIZATION_READ,
        answer=OrganizationSerializer,
    )  # fmt: skip
    def get(self, request: Request, organization_id: str) -> Membership:
        return selectors.get_membership(self.memberships(), organization_id=organization_id)


class MembersView(MembershipsView):
    @operation(
        "listMembers", "List the members of an organization", tag=TAG, scope=TokenScope.ORGANIZATION_READ,
        answer=MemberSerializer, ordering=("created_at", "id"),
    )  # fmt: skip
    def get(self, request: Request, organization_id: str) -> QuerySet[Membership]:
        membership = selectors.get_membership(self.memberships(), organization_id=organization_id)
        actor = selectors.get_actor(user=self.user, organization_slug=membership.organization.slug)
        return selectors.list_members(actor)
