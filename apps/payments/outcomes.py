"""Who is told what became of a payment, a refund, a dispute: apps above register here when Django starts.

A handler runs in the transaction that records it: both are committed, or neither.
"""

from collections.abc import Callable

from apps.payments.models import Dispute, Payment, Refund

PaymentHandler = Callable[[Payment], None]
RefundHandler = Callable[[Refund], None]
DisputeHandler = Callable[[Dispute], None]

_handlers: list[PaymentHandler] = []
_confirmation_handlers: list[PaymentHandler] = []
_refund_handlers: list[RefundHandler] = []
_dispute_handlers: list[DisputeHandler] = []


def register(handler: PaymentHandler) -> None:
    """Told once, when a payment has succeeded or failed."""
    if handler not in _handlers:
        _handlers.append(handler)


def register_confirmations(handler: PaymentHandler) -> None:
    """Told when a payment begins to wait for its cardholder; `action_url` is where they confirm it."""
    if handler not in _confirmation_handlers:
        _confirmation_handlers.append(handler)


def register_refunds(handler: RefundHandler) -> None:
    """Told once when a refund has succeeded or failed, and once more where one that succeeded has come back."""
    if handler not in _refund_handlers:
        _refund_handlers.append(handler)


def register_disputes(handler: DisputeHandler) -> None:
    """Told once when a dispute was opened (`needs_response`), and once when it is closed (`won` or `lost`).

    Always in this order, also where the provider's messages come in another one.
    """
    if handler not in _dispute_handlers:
        _dispute_handlers.append(handler)


def tell(payment: Payment) -> None:
    for handler in _handlers:
        handler(payment)


def tell_confirmation(payment: Payment) -> None:
    for handler in _confirmation_handlers:
        handler(payment)


def tell_refund(refund: Refund) -> None:
    for handler in _refund_handlers:
        handler(refund)


def tell_dispute(dispute: Dispute) -> None:
    for handler in _dispute_handlers:
        handler(dispute)
