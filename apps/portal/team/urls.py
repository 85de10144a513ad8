"""Pages of an organization and its people."""

from django.urls import path

from apps.portal.team.views import audit, invitations, members, organizations, tokens

urlpatterns = [
    path("organizations/new/", organizations.create, name="organization-new"),
    path("o/<slug:organization>/members/", members.index, name="members"),
    path("o/<slug:organization>/members/<int:member_id>/", members.detail, name="member"),
    path("o/<slug:organization>/members/<int:member_id>/role/", members.change, name="member-role"),
    path("o/<slug:organization>/members/<int:member_id>/remove/", members.remove, name="member-remove"),
    path(
        "o/<slug:organization>/invitations/<int:invitation_id>/withdraw/",
        invitations.withdraw,
        name="invitation-withdraw",
    ),
    path("o/<slug:organization>/audit/", audit.index, name="audit"),
    path("o/<slug:organization>/tokens/", tokens.index, name="tokens"),
    path("o/<slug:organization>/tokens/create/", tokens.create, name="token-create"),
    path("o/<slug:organization>/tokens/<str:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("o/<slug:organization>/settings/", organizations.settings, name="settings"),
]
