"""URLs of the `web` process. The gateway has its own: `config.gateway_urls`."""

from django.contrib import admin
from django.urls import include, path, re_path

from apps.core.views import UnknownView

# Each app's part of the REST API.
REST_URLS = [
    path("", include(f"apps.{app}.api.urls"))
    for app in (
        "core",
        "accounts",
        "notifications",
        "products",
        "plans",
        "subscriptions",
        "keys",
        "usage",
        "gateway",
        "payments",
        "billing",
    )
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("apps.core.urls")),
    path("", include("apps.payments.urls")),
    path("api/v1/", include(REST_URLS)),
    path("", include("apps.portal.urls")),
    re_path(r"^api/", UnknownView.as_view()),
]
