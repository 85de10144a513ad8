from django.urls import path

from apps.keys.api import views

KEY = "subscriptions/<str:subscription_id>/keys/<str:key_id>"

urlpatterns = [
    path("subscriptions/<str:subscription_id>/keys", views.KeysView.as_view(), name="rest-keys"),
    path(KEY, views.KeyDetailView.as_view(), name="rest-key"),
    path(f"{KEY}/rotate", views.RotateView.as_view(), name="rest-key-rotate"),
    path(f"{KEY}/signing-secret", views.SigningSecretView.as_view(), name="rest-key-signing-secret"),
    path(f"{KEY}/revoke", views.RevokeView.as_view(), name="rest-key-revoke"),
]
