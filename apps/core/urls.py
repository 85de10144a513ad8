from django.urls import path

from apps.core import views

urlpatterns = [
    path("_api/healthz", views.healthz, name="healthz"),
    path("api/v1/hello/ping", views.PingView.as_view(), name="hello-ping"),
    path("api/v1/hello/echo", views.EchoView.as_view(), name="hello-echo"),
]
