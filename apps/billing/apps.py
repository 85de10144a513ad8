from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "apps.billing"
    label = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from apps.billing.hosting import missing_hosting
        from apps.billing.selectors import has_renewals
        from apps.billing.services.reversals import record_dispute, record_refund
        from apps.billing.services.settlement import record_confirmation, record_outcome
        from apps.payments import needs, outcomes
        from apps.products.readiness import register_check

        register_check(missing_hosting)
        needs.register(has_renewals)
        outcomes.register(record_outcome)
        outcomes.register_confirmations(record_confirmation)
        outcomes.register_refunds(record_refund)
        outcomes.register_disputes(record_dispute)
