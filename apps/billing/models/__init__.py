"""The tables of billing."""

from apps.billing.models.checkouts import Checkout
from apps.billing.models.commissions import CommissionRule
from apps.billing.models.invoices import Invoice, InvoiceLine, NumberSeries
from apps.billing.models.usage import UsageStretch

__all__ = ["Checkout", "CommissionRule", "Invoice", "InvoiceLine", "NumberSeries", "UsageStretch"]
