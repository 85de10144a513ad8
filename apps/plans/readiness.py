"""What plans ask of a product before it can be published."""

from django.utils.translation import gettext as _

from apps.plans.models import Plan
from apps.products.models import Product


def missing_plan(product: Product) -> list[str]:
    """A product is published with at least one plan on sale."""
    return [] if Plan.objects.on_sale().filter(product=product).exists() else [_("Put a plan on sale.")]
