"""Every write of payouts. Locks are taken in one order: the organization, then a payout or a recovery."""

from apps.payouts.services.accounts import (
    allow_payouts,
    refresh_account,
    refresh_accounts,
    save_account,
    start_onboarding,
    stop_payouts,
)
from apps.payouts.services.approving import approve_payout, mark_failed, mark_sent, reject_payout, retry_payout
from apps.payouts.services.canceling import cancel_payout
from apps.payouts.services.creating import create_scheduled_payouts, request_payout
from apps.payouts.services.exporting import export_payouts
from apps.payouts.services.reconciling import reconcile, reconcile_yesterday
from apps.payouts.services.recovering import attempt_recovery, retry_recoveries, start_recovery, write_off_balances
from apps.payouts.services.sending import send_due_payouts, send_payout

__all__ = [
    "allow_payouts",
    "approve_payout",
    "attempt_recovery",
    "cancel_payout",
    "create_scheduled_payouts",
    "export_payouts",
    "mark_failed",
    "mark_sent",
    "reconcile",
    "reconcile_yesterday",
    "refresh_account",
    "refresh_accounts",
    "reject_payout",
    "request_payout",
    "retry_payout",
    "retry_recoveries",
    "save_account",
    "send_due_payouts",
    "send_payout",
    "start_onboarding",
    "start_recovery",
    "stop_payouts",
    "write_off_balances",
]
