from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    label = "billing"

    def ready(self) -> None:
        from apps.billing.services.settlement import record_outcome
        from apps.payments import outcomes

        outcomes.register(record_outcome)
