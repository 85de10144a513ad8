"""Which provider a payment method belongs to."""

from apps.payments.enums import Provider
from apps.payments.providers.base import PaymentProvider
from apps.payments.providers.sandbox import SandboxProvider

_PROVIDERS: dict[str, PaymentProvider] = {Provider.SANDBOX: SandboxProvider()}


def provider_named(name: str) -> PaymentProvider:
    """Raises KeyError for a provider that this installation does not have."""
    if name == Provider.STRIPE and name not in _PROVIDERS:
        # Its library takes most of a second and 30 MB: only where it is used.
        from apps.payments.providers.stripe.provider import StripeProvider

        _PROVIDERS[name] = StripeProvider()
    return _PROVIDERS[name]
