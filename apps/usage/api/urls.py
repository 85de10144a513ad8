from django.urls import path

from apps.usage.api import requests, usage

urlpatterns = [
    path("subscriptions/<str:subscription_id>/quotas", usage.QuotasView.as_view(), name="rest-quotas"),
    path("usage", usage.UsageView.as_view(), name="rest-usage"),
    path("usage/endpoints", usage.UsageByEndpointView.as_view(), name="rest-usage-endpoints"),
    path("usage/keys", usage.UsageByKeyView.as_view(), name="rest-usage-keys"),
    path("requests", requests.RequestsView.as_view(), name="rest-requests"),
    path("requests/<str:request_id>", requests.RequestDetailView.as_view(), name="rest-request"),
]
