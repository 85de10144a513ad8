"""Every write of products, by noun."""

from apps.products.services.endpoints import (
    add_endpoint,
    deprecate_endpoint,
    remove_endpoint,
    undeprecate_endpoint,
    update_endpoint,
)
from apps.products.services.imports import (
    ImportOptions,
    apply_import,
    changes_of,
    create_product_from_document,
    discard_import,
    preview_import,
)
from apps.products.services.products import (
    create_product,
    lift_suspension,
    publish_product,
    rotate_proxy_secret,
    set_billable_statuses,
    suspend_product,
    unpublish_product,
    update_product,
)
from apps.products.services.tiers import add_tier, remove_tier, rename_tier

__all__ = [
    "ImportOptions",
    "add_endpoint",
    "add_tier",
    "apply_import",
    "changes_of",
    "create_product",
    "create_product_from_document",
    "deprecate_endpoint",
    "discard_import",
    "lift_suspension",
    "preview_import",
    "publish_product",
    "remove_endpoint",
    "remove_tier",
    "rename_tier",
    "rotate_proxy_secret",
    "set_billable_statuses",
    "suspend_product",
    "undeprecate_endpoint",
    "unpublish_product",
    "update_endpoint",
    "update_product",
]
