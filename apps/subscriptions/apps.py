from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscriptionsConfig(AppConfig):
    name = "apps.subscriptions"
    label = "subscriptions"
    verbose_name = _("Subscriptions")

    def ready(self) -> None:
        from apps.products.subscribers import register_subscribers
        from apps.subscriptions.retirement import list_subscribed_organizations, on_product_retired
        from apps.subscriptions.selectors import count_live_subscriptions

        register_subscribers(
            find=list_subscribed_organizations, count=count_live_subscriptions, on_retired=on_product_retired
        )
