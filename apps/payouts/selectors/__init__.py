"""Every read of payouts."""

from apps.payouts.selectors.balances import Balance, balance_of, balances_of, list_balances
from apps.payouts.selectors.payouts import account_of, find_account, get_payout, list_payouts
from apps.payouts.selectors.statements import (
    Month,
    Statement,
    StatementLine,
    get_statement,
    list_months,
    statement,
    statement_lines,
)
from apps.payouts.selectors.yearly import YearTotal, list_creators, yearly_totals

__all__ = [
    "Balance",
    "Month",
    "Statement",
    "StatementLine",
    "YearTotal",
    "account_of",
    "balance_of",
    "balances_of",
    "find_account",
    "get_payout",
    "get_statement",
    "list_balances",
    "list_creators",
    "list_months",
    "list_payouts",
    "statement",
    "statement_lines",
    "yearly_totals",
]
