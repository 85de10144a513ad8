"""Writes of payments: cards, the attempts to charge them, refunds, disputes, and what a provider tells us."""

from apps.payments.services.charging import (
    claim_hosted_payment,
    claim_payment,
    collect_payment,
    give_up_payment,
    settle_payments,
)
from apps.payments.services.disputes import record_dispute
from apps.payments.services.hosted import record_hosted_card, save_hosted_card, start_hosted_card
from apps.payments.services.inbox import process_events, receive_event
from apps.payments.services.methods import add_card, forget_unused_card, make_default, remove_method
from apps.payments.services.refunds import check_refund, claim_refund, make_refund, settle_refunds
from apps.payments.services.sandbox import (
    answer_bank,
    emit_due_events,
    lose_sandbox_dispute,
    send_test_event,
    set_up_sandbox_account,
    win_sandbox_dispute,
)
from apps.payments.services.stripe import take_event

__all__ = [
    "add_card",
    "answer_bank",
    "check_refund",
    "claim_hosted_payment",
    "claim_payment",
    "claim_refund",
    "collect_payment",
    "emit_due_events",
    "forget_unused_card",
    "give_up_payment",
    "lose_sandbox_dispute",
    "make_default",
    "make_refund",
    "process_events",
    "receive_event",
    "record_dispute",
    "record_hosted_card",
    "remove_method",
    "save_hosted_card",
    "send_test_event",
    "set_up_sandbox_account",
    "settle_payments",
    "settle_refunds",
    "start_hosted_card",
    "take_event",
    "win_sandbox_dispute",
]
