"""What a creator earned and how it reaches them, below `/o/<organization>/payouts/`."""

from django.urls import path

from apps.portal.payouts.views import account, payouts, statements

_STATEMENT = "payouts/statements/<slug:month>/<slug:currency>"

urlpatterns = [
    path("payouts/", payouts.index, name="payouts"),
    path("payouts/request/", payouts.request_one, name="payout-request"),
    path("payouts/account/", account.edit, name="payout-account"),
    path("payouts/account/verify/", account.verify, name="payout-account-verify"),
    path("payouts/account/verified/", account.verified, name="payout-account-verified"),
    path("payouts/statements/", statements.index, name="statements"),
    path(f"{_STATEMENT}/", statements.detail, name="statement"),
    path(f"{_STATEMENT}/pdf/", statements.pdf, name="statement-pdf"),
    path(f"{_STATEMENT}/csv/", statements.csv_file, name="statement-csv"),
    path("payouts/<slug:payout_id>/cancel/", payouts.cancel, name="payout-cancel"),
]
