"""URLs of the `gateway` process: its health, and every call of every product."""

from django.urls import path, re_path

from apps.gateway.views import ProxyView, healthz

urlpatterns = [
    path("_gateway/healthz", healthz, name="gateway-healthz"),
    re_path("", ProxyView.as_view(), name="proxy"),
]
