from django.urls import path

from apps.accounts.api import tokens, views

urlpatterns = [
    path("me", views.MeView.as_view(), name="rest-me"),
    path("organizations", views.OrganizationsView.as_view(), name="rest-organizations"),
    path("organizations/<str:organization_id>", views.OneOrganizationView.as_view(), name="rest-organization"),
    path("organizations/<str:organization_id>/members", views.MembersView.as_view(), name="rest-members"),
    path("tokens", tokens.TokensView.as_view(), name="rest-tokens"),
    path("tokens/<str:token_id>", tokens.TokenDetailView.as_view(), name="rest-token"),
    path("tokens/<str:token_id>/revoke", tokens.RevokeTokenView.as_view(), name="rest-token-revoke"),
]
