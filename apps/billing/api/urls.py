from django.urls import path

from apps.billing.api import (
    cases,
    checkouts,
    coupons,
    documents,
    evidence,
    hosting,
    invoices,
    product_invoices,
    subscriptions,
)

INVOICE = "invoices/<str:invoice_id>"
PRODUCT_INVOICE = f"products/<str:product_id>/{INVOICE}"
PRODUCT_CASE = "products/<str:product_id>/cases/<str:case_id>"
NOTE = "credit-notes/<str:credit_note_id>"

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
    path(f"{INVOICE}/receipt", invoices.ReceiptPdfView.as_view(), name="rest-receipt-pdf"),
    path(f"{INVOICE}/disputes", invoices.InvoiceDisputesView.as_view(), name="rest-invoice-disputes"),
    path(f"{INVOICE}/lines/<str:position>/cases", cases.LineCasesView.as_view(), name="rest-line-cases"),
    path(f"{INVOICE}/lines/<str:position>/evidence", evidence.EvidenceView.as_view(), name="rest-line-evidence"),
    path("billing-month", evidence.MonthView.as_view(), name="rest-billing-month"),
    path("billing-profile", documents.BillingProfileView.as_view(), name="rest-billing-profile"),
    path("credit-notes", documents.CreditNotesView.as_view(), name="rest-credit-notes"),
    path(NOTE, documents.CreditNoteView.as_view(), name="rest-credit-note"),
    path(f"{NOTE}/pdf", documents.CreditNotePdfView.as_view(), name="rest-credit-note-pdf"),
    path("cases", cases.CasesView.as_view(), name="rest-cases"),
    path("cases/<str:case_id>", cases.CaseView.as_view(), name="rest-case"),
    path("cases/<str:case_id>/withdraw", cases.WithdrawCaseView.as_view(), name="rest-case-withdraw"),
    path("products/<str:product_id>/cases", cases.ProductCasesView.as_view(), name="rest-product-cases"),
    path(PRODUCT_CASE, cases.ProductCaseDetailView.as_view(), name="rest-product-case"),
    path(f"{PRODUCT_CASE}/accept", cases.AcceptCaseView.as_view(), name="rest-product-case-accept"),
    path(f"{PRODUCT_CASE}/refuse", cases.RefuseCaseView.as_view(), name="rest-product-case-refuse"),
    path(
        "products/<str:product_id>/invoices",
        product_invoices.ProductInvoicesView.as_view(),
        name="rest-product-invoices",
    ),
    path(PRODUCT_INVOICE, product_invoices.ProductInvoiceDetailView.as_view(), name="rest-product-invoice"),
    path(
        f"{PRODUCT_INVOICE}/disputes",
        product_invoices.ProductInvoiceDisputesView.as_view(),
        name="rest-product-invoice-disputes",
    ),
    path(f"{PRODUCT_INVOICE}/refund", product_invoices.RefundInvoiceView.as_view(), name="rest-invoice-refund"),
]
