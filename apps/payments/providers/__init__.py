"""Which provider a payment method belongs to."""

from apps.payments.enums import Provider
from apps.payments.providers.base import PaymentProvider
from apps.payments.providers.sandbox import SandboxProvider

_PROVIDERS: dict[str, PaymentProvider] = {Provider.SANDBOX: SandboxProvider()}


def provider_named(name: str) -> PaymentProvider:
    """Raises KeyError for a provider that this installation does not have."""
    return _PROVIDERS[name]
