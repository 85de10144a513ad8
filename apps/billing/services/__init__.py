"""Every write of billing. Locks are taken in one order: product, payment, subscription, invoice, checkout, series."""

from apps.billing.quotes import Quote, quote_change
from apps.billing.services.changing import start_plan_change
from apps.billing.services.checkouts import expire_checkouts, start_checkout
from apps.billing.services.cycle import close_due_periods
from apps.billing.services.paying import pay_checkout, pay_invoice
from apps.billing.services.refunding import refund_as_staff, refund_due, refund_invoice, retry_refund
from apps.billing.services.retrying import run_dunning
from apps.billing.services.taxing import remove_rate, save_profile, save_rate

__all__ = [
    "Quote",
    "close_due_periods",
    "expire_checkouts",
    "pay_checkout",
    "pay_invoice",
    "quote_change",
    "refund_as_staff",
    "refund_due",
    "refund_invoice",
    "remove_rate",
    "retry_refund",
    "run_dunning",
    "save_profile",
    "save_rate",
    "start_checkout",
    "start_plan_change",
]
