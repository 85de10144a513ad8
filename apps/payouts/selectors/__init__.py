"""Every read of payouts."""

from apps.payouts.selectors.balances import Balance, balance_of, balances_of, list_balances
from apps.payouts.selectors.payouts import account_of, find_account, get_payout, list_payouts

__all__ = [
    "Balance",
    "account_of",
    "balance_of",
    "balances_of",
    "find_account",
    "get_payout",
    "list_balances",
    "list_payouts",
]
