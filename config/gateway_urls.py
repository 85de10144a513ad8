"""URLs of the `gateway` process: its health and metrics, and every call of every product."""

from django.urls import path, re_path

from apps.gateway.views import ProxyView, healthz, metrics

urlpatterns = [
    path("_gateway/healthz", healthz, name="gateway-healthz"),
    path("_gateway/metrics", metrics, name="gateway-metrics"),
    re_path("", ProxyView.as_view(), name="proxy"),
]
