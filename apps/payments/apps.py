from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from apps.payments import events
        from apps.payments.enums import Provider
        from apps.payments.providers.stripe.mirror import mirror
        from apps.payments.services import sandbox, stripe

        events.register(sandbox.DISPUTE_OPENED, sandbox.handle_dispute)
        events.register(sandbox.DISPUTE_CLOSED, sandbox.handle_dispute)
        if not settings.STRIPE_SECRET_KEY:
            return
        for kind in stripe.PAYMENT_KINDS:
            events.register(kind, stripe.handle_payment)
        for kind in stripe.REFUND_KINDS:
            events.register(kind, stripe.handle_refund)
        for kind in stripe.DISPUTE_KINDS:
            events.register(kind, stripe.handle_dispute)
        for kind in stripe.SESSION_KINDS:
            events.register(kind, stripe.handle_session)
        events.register_mirror(Provider.STRIPE, mirror)
