from django.urls import path

from apps.payments.views import StripeWebhookView

urlpatterns = [path("api/stripe/webhook", StripeWebhookView.as_view(), name="stripe-webhook")]
