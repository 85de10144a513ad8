"""What the marketplace's list asks of plans: which products can be had for nothing."""

from enum import StrEnum

from django.db.models import Exists, OuterRef, QuerySet

from apps.plans.enums import PlanVisibility
from apps.plans.models import Plan
from apps.products.models import Product


class Price(StrEnum):
    FREE = "free"  # a plan without a price is on sale, to everybody
    PAID = "paid"  # every plan on sale has a price


def filter_by_price(products: QuerySet[Product], price: str) -> QuerySet[Product]:
    """The products of this kind; what is no `Price` does not filter. A product without plans is of neither."""
    plans = Plan.objects.on_sale().filter(product=OuterRef("pk"), visibility=PlanVisibility.PUBLIC)
    free, priced = Exists(plans.filter(price_amount=0)), Exists(plans.filter(price_amount__gt=0))
    if price == Price.FREE:
        return products.filter(free)
    if price == Price.PAID:
        return products.filter(priced).exclude(free)
    return products
