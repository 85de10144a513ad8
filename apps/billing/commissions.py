"""Which share of a sale the platform keeps."""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.db.models import Q

from apps.billing.enums import CommissionScope
from apps.billing.models import CommissionRule
from apps.products.models import Product


def commission_percent(product: Product, at: dt.datetime) -> Decimal:
    """The platform's share in percent of what is paid for the product at this instant.

    Of the rules that hold then, the one with the narrowest scope counts; without one, `PLATFORM_COMMISSION_PERCENT`.
    """
    about = (
        Q(scope=CommissionScope.PRODUCT, product=product)
        | Q(scope=CommissionScope.CREATOR, organization_id=product.organization_id)
        | Q(scope=CommissionScope.CATEGORY, category_id=product.category_id, category__isnull=False)
        | Q(scope=CommissionScope.PLATFORM)
    )
    holds = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    percents = dict(CommissionRule.objects.filter(about & holds).order_by().values_list("scope", "percent"))
    for scope in CommissionScope.values:
        if scope in percents:
            return percents[scope]
    percent: Decimal = settings.PLATFORM_COMMISSION_PERCENT
    return percent
