"""The tables of billing."""

from apps.billing.models.checkouts import Checkout
from apps.billing.models.coupons import Coupon, CouponRedemption, CouponUse
from apps.billing.models.invoices import Invoice, InvoiceLine, NumberSeries
from apps.billing.models.usage import UsageStretch

__all__ = [
    "Checkout",
    "Coupon",
    "CouponRedemption",
    "CouponUse",
    "Invoice",
    "InvoiceLine",
    "NumberSeries",
    "UsageStretch",
]
