"""The product by which creators pay the platform, where there is one: `HOSTING_PRODUCT` names it."""

from django.conf import settings

from apps.products.enums import ProductStatus
from apps.products.models import Product


def is_hosting(product: Product) -> bool:
    """Whether it is sold on the hosting page alone: not in the marketplace, not called, and without keys."""
    return is_hosting_slug(product.slug)


def is_hosting_slug(slug: str) -> bool:
    return bool(settings.HOSTING_PRODUCT) and slug == settings.HOSTING_PRODUCT


def find_hosting_product() -> Product | None:
    """None where hosting is off: no product is named, or it was not published yet or is retired."""
    if not settings.HOSTING_PRODUCT:
        return None
    offered = Product.objects.exclude(status__in=[ProductStatus.DRAFT, ProductStatus.RETIRED])
    return offered.select_related("organization").filter(slug=settings.HOSTING_PRODUCT).first()
