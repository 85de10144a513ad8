from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from apps.payments import events
        from apps.payments.services import sandbox

        events.register(sandbox.DISPUTE_OPENED, sandbox.handle_dispute)
        events.register(sandbox.DISPUTE_CLOSED, sandbox.handle_dispute)
