"""Staff: what creators are paid, what they owe, and where the provider and the books differ."""

from apps.payouts.admin.accounts import PayoutAccountAdmin
from apps.payouts.admin.commissions import CommissionRuleAdmin
from apps.payouts.admin.debts import RecoveryAdmin, WriteOffAdmin
from apps.payouts.admin.payouts import PayoutAdmin
from apps.payouts.admin.reconciliation import ReconciliationFaultAdmin, ReconciliationRunAdmin
from apps.payouts.admin.stripe import PlanPriceAdmin, StripeInvoiceAdmin

__all__ = [
    "CommissionRuleAdmin",
    "PayoutAccountAdmin",
    "PayoutAdmin",
    "PlanPriceAdmin",
    "ReconciliationFaultAdmin",
    "ReconciliationRunAdmin",
    "RecoveryAdmin",
    "StripeInvoiceAdmin",
    "WriteOffAdmin",
]
