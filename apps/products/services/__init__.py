"""Every write of products, by noun."""

from apps.products.services.announcements import (
    announce_changelog_entry,
    announce_retirement,
    remind_of_retirement,
)
from apps.products.services.categories import remove_category, save_category
from apps.products.services.changelog import (
    add_changelog_entry,
    publish_changelog_entry,
    remove_changelog_entry,
    unpublish_changelog_entry,
    update_changelog_entry,
)
from apps.products.services.counting import recount_subscribers
from apps.products.services.endpoints import (
    add_endpoint,
    deprecate_endpoint,
    move_endpoints,
    remove_endpoint,
    undeprecate_endpoint,
    update_endpoint,
)
from apps.products.services.faq import add_faq_entry, move_faq_entry, remove_faq_entry, update_faq_entry
from apps.products.services.imports import (
    ImportOptions,
    apply_import,
    changes_of,
    create_product_from_document,
    discard_import,
    preview_import,
)
from apps.products.services.lifecycle import (
    call_off_retirement,
    deprecate_product,
    end_product,
    retire_product,
    undeprecate_product,
)
from apps.products.services.logos import remove_logo, set_logo
from apps.products.services.products import (
    create_product,
    lift_suspension,
    publish_product,
    set_billable_statuses,
    suspend_product,
    unpublish_product,
    update_product,
)
from apps.products.services.proxy_secret import activate_proxy_secret, discard_proxy_secret, prepare_proxy_secret
from apps.products.services.support import (
    add_support_channel,
    move_support_channel,
    remove_support_channel,
    update_support_channel,
)
from apps.products.services.tiers import add_tier, remove_tier, rename_tier

__all__ = [
    "ImportOptions",
    "activate_proxy_secret",
    "add_changelog_entry",
    "add_endpoint",
    "add_faq_entry",
    "add_support_channel",
    "add_tier",
    "announce_changelog_entry",
    "announce_retirement",
    "apply_import",
    "call_off_retirement",
    "changes_of",
    "create_product",
    "create_product_from_document",
    "deprecate_endpoint",
    "deprecate_product",
    "discard_import",
    "discard_proxy_secret",
    "end_product",
    "lift_suspension",
    "move_endpoints",
    "move_faq_entry",
    "move_support_channel",
    "prepare_proxy_secret",
    "preview_import",
    "publish_changelog_entry",
    "publish_product",
    "recount_subscribers",
    "remind_of_retirement",
    "remove_category",
    "remove_changelog_entry",
    "remove_endpoint",
    "remove_faq_entry",
    "remove_logo",
    "remove_support_channel",
    "remove_tier",
    "rename_tier",
    "retire_product",
    "save_category",
    "set_billable_statuses",
    "set_logo",
    "suspend_product",
    "undeprecate_endpoint",
    "undeprecate_product",
    "unpublish_changelog_entry",
    "unpublish_product",
    "update_changelog_entry",
    "update_endpoint",
    "update_faq_entry",
    "update_product",
    "update_support_channel",
]
