"""Writes of payments: the cards of an organization, and the attempts to charge them."""

from apps.payments.services.charging import claim_payment, collect_payment, settle_payments
from apps.payments.services.methods import add_card, forget_unused_card, make_default, remove_method

__all__ = [
    "add_card",
    "claim_payment",
    "collect_payment",
    "forget_unused_card",
    "make_default",
    "remove_method",
    "settle_payments",
]
