"""Who is told what became of a payment: apps above register here when Django starts.

A handler runs in the transaction that records the outcome: both are committed, or neither.
"""

from collections.abc import Callable

from apps.payments.models import Payment

Handler = Callable[[Payment], None]
_handlers: list[Handler] = []


def register(handler: Handler) -> None:
    if handler not in _handlers:
        _handlers.append(handler)


def tell(payment: Payment) -> None:
    for handler in _handlers:
        handler(payment)
