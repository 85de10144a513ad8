"""Every page of the portal. Names are flat: `portal:product-list`, wherever its file is."""

from django.urls import include, path

from apps.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.choose_theme, name="theme"),
    path("", include("apps.portal.marketplace.urls")),
    path("o/<slug:organization>/", include("apps.portal.console.urls")),
    path("o/<slug:organization>/", include("apps.portal.billing.urls")),
    path("o/<slug:organization>/", include("apps.portal.payouts.urls")),
    path("o/<slug:organization>/", include("apps.portal.hosting.urls")),
    path("o/<slug:organization>/", include("apps.portal.payments.urls")),
    path("o/<slug:organization>/", include("apps.portal.studio.urls")),
    path("", include("apps.portal.team.urls")),
    path("", include("apps.portal.notices.urls")),
    path("dev/", include("apps.portal.dev.urls")),
]
