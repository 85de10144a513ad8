"""Which share of a sale the platform keeps."""

import datetime as dt
from decimal import Decimal

from django.conf import settings

from apps.products.models import Product


def commission_percent(product: Product, at: dt.datetime) -> Decimal:
    """The platform's share in percent of what is paid for the product at this instant."""
    percent: Decimal = settings.PLATFORM_COMMISSION_PERCENT
    return percent
