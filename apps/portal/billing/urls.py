"""What a consumer pays with and for, below `/o/<organization>/`."""

from django.urls import include, path

from apps.portal.billing.views import cards, changes, checkouts, evidence, invoices, profile

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
    path("billing/invoices/<slug:invoice_id>/receipt/", invoices.receipt, name="invoice-receipt"),
    path("billing/invoices/<slug:invoice_id>/lines/<int:position>/", evidence.line, name="invoice-line"),
    path("billing/invoices/<slug:invoice_id>/lines/<int:position>/csv/", evidence.line_csv, name="invoice-line-csv"),
    path("billing/credit-notes/<slug:note_id>/pdf/", invoices.credit_note_pdf, name="credit-note-pdf"),
    path("billing/cases/<slug:case_id>/withdraw/", evidence.withdraw, name="case-withdraw"),
    path("billing/month/", evidence.month, name="billing-month"),
    path("billing/details/", profile.profile, name="billing-profile"),
    path("billing/invoices/<slug:invoice_id>/pay/", invoices.pay, name="invoice-pay"),
    path("billing/checkouts/<slug:checkout_id>/", checkouts.checkout, name="checkout"),
    path("billing/checkouts/<slug:checkout_id>/pay/", checkouts.pay, name="checkout-pay"),
    path("billing/checkouts/<slug:checkout_id>/coupon/", checkouts.coupon, name="checkout-coupon"),
    path("billing/cards/", cards.cards, name="cards"),
    path("billing/cards/add/", cards.add, name="card-add"),
    path("billing/cards/hosted/", cards.start_hosted, name="card-hosted"),
    path("billing/cards/saved/", cards.saved, name="card-saved"),
    path("billing/cards/<slug:method_id>/default/", cards.default, name="card-default"),
    path("billing/cards/<slug:method_id>/remove/", cards.remove, name="card-remove"),
]
