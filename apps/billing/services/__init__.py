"""Every write of billing. Locks are taken in one order: product, payment, subscription, invoice, checkout, series."""

from apps.billing.quotes import Quote, quote_change
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
from apps.billing.services.paying import pay_checkout, pay_invoice

__all__ = [
    "Quote",
    "archive_coupon",
    "archive_coupon_by_staff",
    "close_due_periods",
    "create_coupon",
    "create_coupon_by_staff",
    "expire_checkouts",
    "pay_checkout",
    "pay_invoice",
    "quote_change",
    "redeem_coupon",
    "start_checkout",
    "start_plan_change",
]
