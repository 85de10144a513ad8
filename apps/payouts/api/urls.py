from django.urls import path

from apps.payouts.api import views

urlpatterns = [
    path("balances", views.BalancesView.as_view(), name="rest-balances"),
    path("payouts", views.PayoutsView.as_view(), name="rest-payouts"),
    path("payouts/<str:payout_id>", views.PayoutView.as_view(), name="rest-payout"),
    path("payouts/<str:payout_id>/cancel", views.CancelPayoutView.as_view(), name="rest-payout-cancel"),
    path("payout-account", views.PayoutAccountView.as_view(), name="rest-payout-account"),
    path("statements", views.StatementsView.as_view(), name="rest-statements"),
    path("statements/<str:month>/<str:currency>", views.StatementView.as_view(), name="rest-statement"),
]
