"""The tables of payouts."""

from apps.payouts.models.accounts import PayoutAccount
from apps.payouts.models.debts import Recovery, WriteOff
from apps.payouts.models.payouts import Payout, PayoutApproval
from apps.payouts.models.reconciliation import ReconciliationFault, ReconciliationRun

__all__ = [
    "Payout",
    "PayoutAccount",
    "PayoutApproval",
    "ReconciliationFault",
    "ReconciliationRun",
    "Recovery",
    "WriteOff",
]
