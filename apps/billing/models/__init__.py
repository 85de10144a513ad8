"""The tables of billing."""

from apps.billing.models.cases import UsageCase
from apps.billing.models.checkouts import Checkout
from apps.billing.models.commissions import CommissionRule
from apps.billing.models.coupons import Coupon, CouponRedemption, CouponUse
from apps.billing.models.credit_notes import CreditNote, CreditNoteLine
from apps.billing.models.dunning import DunningRun
from apps.billing.models.hosting import HostingTerms
from apps.billing.models.invoices import Invoice, InvoiceLine, NumberSeries
from apps.billing.models.items import InvoiceItem
from apps.billing.models.stripe import PlanPrice, StripeInvoice
from apps.billing.models.stripe_tax import TaxCalculation, TaxReport
from apps.billing.models.tax import BillingProfile, TaxRate
from apps.billing.models.usage import UsageStretch

__all__ = [
    "BillingProfile",
    "Checkout",
    "CommissionRule",
    "Coupon",
    "CouponRedemption",
    "CouponUse",
    "CreditNote",
    "CreditNoteLine",
    "DunningRun",
    "HostingTerms",
    "Invoice",
    "InvoiceItem",
    "InvoiceLine",
    "NumberSeries",
    "PlanPrice",
    "StripeInvoice",
    "TaxCalculation",
    "TaxRate",
    "TaxReport",
    "UsageCase",
    "UsageStretch",
]
