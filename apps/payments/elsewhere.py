"""Subscriptions that were made at Stripe, not here: what it says of them when it is asked.

Its library takes most of a second and 30 MB, so it is loaded by the first question.
"""

from apps.payments.providers.told import PaidInvoice, ToldSubscription


def find_subscription(reference: str) -> ToldSubscription | None:
    """None where there is no such subscription. Raises `ProviderUnavailable`, as do the others."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.find_subscription(reference)


def find_paid_invoice(reference: str) -> PaidInvoice | None:
    """None where it is not paid, not of a subscription, or where no money came to Stripe for it."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.find_paid_invoice(reference)


def list_paid_invoices(subscription: str) -> list[str]:
    """The references of all of a subscription's that are paid, newest first."""
    from apps.payments.providers.stripe import subscriptions

    return subscriptions.list_paid_invoices(subscription)
