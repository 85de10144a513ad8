from django.urls import path

from apps.subscriptions.api import consumers, migrations, subscriptions

CONSUMER = "products/<str:product_id>/consumers/<str:subscription_id>"
SUBSCRIPTION = "subscriptions/<str:subscription_id>"

urlpatterns = [
    path("products/<str:product_id>/consumers", consumers.ConsumersView.as_view(), name="rest-consumers"),
    path(CONSUMER, consumers.ConsumerDetailView.as_view(), name="rest-consumer"),
    path(f"{CONSUMER}/approve", consumers.ApproveView.as_view(), name="rest-consumer-approve"),
    path(f"{CONSUMER}/decline", consumers.DeclineView.as_view(), name="rest-consumer-decline"),
    path(f"{CONSUMER}/pause", consumers.PauseView.as_view(), name="rest-consumer-pause"),
    path(f"{CONSUMER}/resume", consumers.ResumeView.as_view(), name="rest-consumer-resume"),
    path(f"{CONSUMER}/ban", consumers.BanView.as_view(), name="rest-consumer-ban"),
    path(f"{CONSUMER}/lift-ban", consumers.LiftBanView.as_view(), name="rest-consumer-lift-ban"),
    path(f"{CONSUMER}/reset-quota", consumers.ResetQuotaView.as_view(), name="rest-consumer-reset-quota"),
    path(
        "products/<str:product_id>/plans/<str:plan_id>/migrate", migrations.MigrateView.as_view(), name="rest-migrate"
    ),
    path(SUBSCRIPTION, subscriptions.SubscriptionDetailView.as_view(), name="rest-subscription"),
    path(f"{SUBSCRIPTION}/cancel", subscriptions.CancelView.as_view(), name="rest-subscription-cancel"),
    path(f"{SUBSCRIPTION}/undo", subscriptions.UndoView.as_view(), name="rest-subscription-undo"),
]
