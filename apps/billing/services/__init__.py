"""Every write of billing. Locks are taken in one order: product, payment, subscription, invoice, checkout, series."""

from apps.billing.quotes import Quote, quote_change
from apps.billing.services.cases import accept_case, open_case, refuse_case, withdraw_case
from apps.billing.services.changing import start_plan_change
from apps.billing.services.checkouts import expire_checkouts, start_checkout
from apps.billing.services.coupons import (
    archive_coupon,
    archive_coupon_by_staff,
    create_coupon,
    create_coupon_by_staff,
    redeem_coupon,
)
from apps.billing.services.cycle import close_due_periods
from apps.billing.services.ending import refund_after_end
from apps.billing.services.hosting import set_hosting_terms
from apps.billing.services.late_usage import find_late_usage
from apps.billing.services.paying import pay_checkout, pay_invoice
from apps.billing.services.plan_prices import add_plan_price, remove_plan_price
from apps.billing.services.refunding import refund_as_staff, refund_due, refund_invoice, retry_refund
from apps.billing.services.retrying import run_dunning
from apps.billing.services.sandbox_clock import advance_clock_as_staff, advance_sandbox_clock
from apps.billing.services.stripe_invoices import follow_all_at_stripe, follow_stripe, record_stripe_invoice
from apps.billing.services.stripe_tax import forget_tax_calculations
from apps.billing.services.tax_reports import report_tax, retry_tax_report
from apps.billing.services.taxing import remove_rate, save_profile, save_rate
from apps.billing.services.trials import remind_of_trial_ends

__all__ = [
    "Quote",
    "accept_case",
    "add_plan_price",
    "advance_clock_as_staff",
    "advance_sandbox_clock",
    "archive_coupon",
    "archive_coupon_by_staff",
    "close_due_periods",
    "create_coupon",
    "create_coupon_by_staff",
    "expire_checkouts",
    "find_late_usage",
    "follow_all_at_stripe",
    "follow_stripe",
    "forget_tax_calculations",
    "open_case",
    "pay_checkout",
    "pay_invoice",
    "quote_change",
    "record_stripe_invoice",
    "redeem_coupon",
    "refund_after_end",
    "refund_as_staff",
    "refund_due",
    "refund_invoice",
    "refuse_case",
    "remind_of_trial_ends",
    "remove_plan_price",
    "remove_rate",
    "report_tax",
    "retry_refund",
    "retry_tax_report",
    "run_dunning",
    "save_profile",
    "save_rate",
    "set_hosting_terms",
    "start_checkout",
    "start_plan_change",
    "withdraw_case",
]
