"""What creators pay the platform for, below `/o/<organization>/hosting/`."""

from django.urls import path

from apps.portal.hosting import views

urlpatterns = [
    path("hosting/", views.index, name="hosting"),
    path("hosting/choose/", views.choose, name="hosting-choose"),
]
