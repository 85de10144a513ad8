from django.urls import path

from apps.gateway.api import views

urlpatterns = [
    path("keys/me", views.KeyMeView.as_view(), name="rest-keys-me"),
    path("actions", views.ActionsView.as_view(), name="rest-actions"),
]
