"""The consumer's pages, below `/o/<organization>/`."""

from django.urls import include, path

from apps.portal.console.views import dashboard, keys, manage, requests, subscriptions, usage

_subscription = [
    path("", usage.usage, name="subscription"),
    path("usage.csv", usage.usage_csv, name="subscription-usage-csv"),
    path("keys/", keys.keys, name="subscription-keys"),
    path("keys/create/", keys.key_create, name="key-create"),
    path("keys/<slug:key_id>/", keys.key, name="key"),
    path("keys/<slug:key_id>/change/", keys.key_change, name="key-change"),
    path("keys/<slug:key_id>/rotate/", keys.key_rotate, name="key-rotate"),
    path("keys/<slug:key_id>/signing-secret/", keys.key_signing_secret, name="key-signing-secret"),
    path("keys/<slug:key_id>/revoke/", keys.key_revoke, name="key-revoke"),
    path("requests/", requests.subscription_log, name="subscription-requests"),
    path("requests/<slug:request_id>/", requests.subscription_request, name="subscription-request"),
    path("manage/", manage.manage, name="subscription-manage"),
    path("overage/", manage.overage, name="subscription-overage"),
    path("cancel/", manage.cancel, name="subscription-cancel"),
]

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/<slug:subscription_id>/", include(_subscription)),
    path("requests/", requests.organization_log, name="requests"),
    path("requests/<slug:request_id>/", requests.organization_request, name="request"),
]
