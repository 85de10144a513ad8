from django.urls import path

from apps.billing.api import checkouts, coupons, hosting, invoices, subscriptions

urlpatterns = [
    path("subscriptions", subscriptions.SubscriptionsView.as_view(), name="rest-subscriptions"),
    path("subscriptions/<str:subscription_id>/quote", subscriptions.QuoteView.as_view(), name="rest-quote"),
    path(
        "subscriptions/<str:subscription_id>/change-plan", subscriptions.ChangeView.as_view(), name="rest-change-plan"
    ),
    path("subscriptions/<str:subscription_id>/coupon", coupons.RedeemView.as_view(), name="rest-redeem-coupon"),
    path("products/<str:product_id>/coupons", coupons.CouponsView.as_view(), name="rest-coupons"),
    path(
        "products/<str:product_id>/coupons/<str:coupon_id>/archive",
        coupons.ArchiveView.as_view(),
        name="rest-coupon-archive",
    ),
    path("checkouts", checkouts.CheckoutsView.as_view(), name="rest-checkouts"),
    path("checkouts/<str:checkout_id>", checkouts.CheckoutDetailView.as_view(), name="rest-checkout"),
    path("checkouts/<str:checkout_id>/pay", checkouts.PayCheckoutView.as_view(), name="rest-checkout-pay"),
    path("hosting", hosting.HostingView.as_view(), name="rest-hosting"),
    path("invoices", invoices.InvoicesView.as_view(), name="rest-invoices"),
    path("invoices/<str:invoice_id>", invoices.InvoiceDetailView.as_view(), name="rest-invoice"),
    path("invoices/<str:invoice_id>/pdf", invoices.InvoicePdfView.as_view(), name="rest-invoice-pdf"),
    path("invoices/<str:invoice_id>/pay", invoices.PayInvoiceView.as_view(), name="rest-invoice-pay"),
]
