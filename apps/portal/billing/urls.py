"""What a consumer pays with and for, below `/o/<organization>/`."""

from django.urls import include, path

from apps.portal.billing.views import cards, changes, checkouts, invoices

_subscription = [
    path("plan/", changes.plan_change, name="plan-change"),
    path("plan/change/", changes.start, name="plan-change-start"),
    path("plan/keep/", changes.undo, name="plan-change-undo"),
    path("cancel-later/", changes.cancel_later, name="subscription-cancel-later"),
    path("checkout/", checkouts.resume, name="subscription-checkout"),
]

urlpatterns = [
    path("subscriptions/<slug:subscription_id>/", include(_subscription)),
    path("billing/", invoices.invoices, name="invoices"),
    path("billing/invoices/<slug:invoice_id>/", invoices.invoice, name="invoice"),
    path("billing/invoices/<slug:invoice_id>/pdf/", invoices.pdf, name="invoice-pdf"),
    path("billing/invoices/<slug:invoice_id>/pay/", invoices.pay, name="invoice-pay"),
    path("billing/checkouts/<slug:checkout_id>/", checkouts.checkout, name="checkout"),
    path("billing/checkouts/<slug:checkout_id>/pay/", checkouts.pay, name="checkout-pay"),
    path("billing/checkouts/<slug:checkout_id>/coupon/", checkouts.coupon, name="checkout-coupon"),
    path("billing/cards/", cards.cards, name="cards"),
    path("billing/cards/add/", cards.add, name="card-add"),
    path("billing/cards/<slug:method_id>/default/", cards.default, name="card-default"),
    path("billing/cards/<slug:method_id>/remove/", cards.remove, name="card-remove"),
]
