"""What the marketplace's list asks of plans: which products can be had for nothing."""

from enum import StrEnum

from django.db.models import Exists, OuterRef, QuerySet

from apps.plans.enums import OverageRule, PlanVisibility
from apps.plans.models import Plan, Quota
from apps.products.models import Product


class Price(StrEnum):
    FREE = "free"  # a plan on which nothing is ever charged is on sale, to everybody
    PAID = "paid"  # every plan on sale has a price, in advance or for what is used


def filter_by_price(products: QuerySet[Product], price: str) -> QuerySet[Product]:
    """The products of this kind; what is no `Price` does not filter. A product without plans is of neither."""
    plans = Plan.objects.on_sale().filter(product=OuterRef("pk"), visibility=PlanVisibility.PUBLIC)
    charged = Quota.objects.filter(plan=OuterRef("pk"), overage__in=OverageRule.charged())
    free = Exists(plans.filter(~Exists(charged), price_amount=0))
    if price == Price.FREE:
        return products.filter(free)
    if price == Price.PAID:
        return products.filter(Exists(plans)).exclude(free)
    return products
