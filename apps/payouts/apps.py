from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PayoutsConfig(AppConfig):
    name = "apps.payouts"
    label = "payouts"
    verbose_name = _("Payouts")

    def ready(self) -> None:
        from apps.payments import events
        from apps.payouts import expectations
        from apps.payouts.services.events import handle_account, handle_reversal

        expectations.register()
        for kind in ("account.updated", "account.application.deauthorized"):
            events.register(kind, handle_account)
        events.register("transfer.reversed", handle_reversal)
