from django.urls import path

from apps.payments.api import views

urlpatterns = [
    path("payment-methods", views.MethodsView.as_view(), name="rest-payment-methods"),
    path("payment-methods/hosted", views.HostedCardView.as_view(), name="rest-payment-method-hosted"),
    path("payment-methods/<str:method_id>", views.MethodDetailView.as_view(), name="rest-payment-method"),
    path("payment-methods/<str:method_id>/default", views.DefaultView.as_view(), name="rest-payment-method-default"),
    path("payments/<str:payment_id>/cancel", views.CancelView.as_view(), name="rest-payment-cancel"),
]
