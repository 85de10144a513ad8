from django.urls import path

from apps.core import views

urlpatterns = [
    path("_api/healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
]
