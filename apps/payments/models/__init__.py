"""The tables of payments."""

from apps.payments.models.disputes import Dispute
from apps.payments.models.events import ProviderEvent
from apps.payments.models.payments import Payment, PaymentMethod
from apps.payments.models.refunds import Refund
from apps.payments.models.sandbox import (
    SandboxAccount,
    SandboxCharge,
    SandboxConfirmation,
    SandboxDispute,
    SandboxMovement,
)
from apps.payments.models.stripe import StripeAccount, StripeCustomer

__all__ = [
    "Dispute",
    "Payment",
    "PaymentMethod",
    "ProviderEvent",
    "Refund",
    "SandboxAccount",
    "SandboxCharge",
    "SandboxConfirmation",
    "SandboxDispute",
    "SandboxMovement",
    "StripeAccount",
    "StripeCustomer",
]
