"""Which provider a payment method belongs to."""

from functools import cache

from apps.payments.enums import Provider
from apps.payments.providers.base import PaymentProvider
from apps.payments.providers.sandbox import SandboxProvider


def provider_named(name: str) -> PaymentProvider:
    """Raises ValueError for a provider that this installation does not have."""
    return {Provider.SANDBOX: _sandbox, Provider.STRIPE: _stripe}[Provider(name)]()


@cache
def _sandbox() -> PaymentProvider:
    return SandboxProvider()


@cache
def _stripe() -> PaymentProvider:
    # Its library takes most of a second and 30 MB: only where it is used.
    from apps.payments.providers.stripe.provider import StripeProvider

    return StripeProvider()
