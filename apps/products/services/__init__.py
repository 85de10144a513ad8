"""Every write of products, by noun."""

from apps.products.services.endpoints import add_endpoint, remove_endpoint, update_endpoint
from apps.products.services.products import (
    create_product,
    publish_product,
    rotate_proxy_secret,
    suspend_product,
    unpublish_product,
    update_product,
)
from apps.products.services.tiers import add_tier, remove_tier, rename_tier

__all__ = [
    "add_endpoint",
    "add_tier",
    "create_product",
    "publish_product",
    "remove_endpoint",
    "remove_tier",
    "rename_tier",
    "rotate_proxy_secret",
    "suspend_product",
    "unpublish_product",
    "update_endpoint",
    "update_product",
]
