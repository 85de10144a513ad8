"""URLs of the `web` process. The gateway has its own: `config.gateway_urls`."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("apps.core.urls")),
    path("", include("apps.portal.urls")),
]
