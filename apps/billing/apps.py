from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "apps.billing"
    label = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from apps.billing.hosting import missing_hosting
        from apps.billing.selectors import has_renewals
        from apps.billing.services import stripe_events
        from apps.billing.services.reversals import record_dispute, record_refund
        from apps.billing.services.settlement import record_confirmation, record_outcome
        from apps.payments import events, needs, outcomes
        from apps.products.readiness import register_check

        register_check(missing_hosting)
        if settings.STRIPE_SECRET_KEY:
            events.register(stripe_events.CHECKOUT_KIND, stripe_events.handle_checkout)
            for kind in stripe_events.SUBSCRIPTION_KINDS:
                events.register(kind, stripe_events.handle_subscription)
            events.register(stripe_events.PAID_KIND, stripe_events.handle_paid)
            events.register(stripe_events.FAILED_KIND, stripe_events.handle_failed)
        needs.register(has_renewals)
        outcomes.register(record_outcome)
        outcomes.register_confirmations(record_confirmation)
        outcomes.register_refunds(record_refund)
        outcomes.register_disputes(record_dispute)
