"""URLs of the `web` process. The gateway has its own: `config.gateway_urls`."""

from django.contrib import admin
from django.urls import include, path, re_path

from apps.core.views import UnknownView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("apps.core.urls")),
    path("", include("apps.portal.urls")),
    re_path(r"^api/", UnknownView.as_view()),
]
