"""Payments on their way through a bank, and the pages that stand for the sandbox's bank and its accounts."""

from django.urls import path

from apps.portal.payments import views

urlpatterns = [
    path("billing/payments/<slug:payment_id>/", views.payment, name="payment"),
    path("billing/payments/<slug:payment_id>/confirm/", views.confirm, name="payment-confirm"),
    path("billing/payments/<slug:payment_id>/give-up/", views.give_up, name="payment-give-up"),
    path("sandbox/accounts/<slug:account>/", views.account, name="sandbox-account"),
]
