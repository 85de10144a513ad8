"""What plans ask of a product before it can be published."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from apps.plans.enums import PlanVisibility
from apps.plans.models import Plan, PlanGrant
from apps.products.models import Product


def missing_plan(product: Product) -> list[str]:
    """A product is published with at least one plan on sale that somebody may have."""
    on_sale = Plan.objects.on_sale().filter(product=product)
    if on_sale.filter(visibility=PlanVisibility.PUBLIC).exists():
        return []
    granted = PlanGrant.objects.filter(product=product, plan_slug=OuterRef("slug"))
    if not on_sale.exists():
        return [_("Put a plan on sale.")]
    if not on_sale.filter(Exists(granted)).exists():
        return [_("Put a public plan on sale, or name an organization for a private one.")]
    return []
