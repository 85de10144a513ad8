"""What every write of a product shares, also that of its tiers, endpoints and plans."""

from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.core.rows import first_or_not_found
from apps.products.enums import ProductStatus
from apps.products.models import Product, Tier


def lock_product(actor: Actor, product: Product) -> Product:
    """The product's row, locked, when it belongs to the actor's organization. Raises `NotFound`.

    Everything that changes a product, its tiers, endpoints or plans locks it first: one writer at a time, and
    always in this order. It is no key lock, so that rows which only refer to the product can be added meanwhile.
    """
    return first_or_not_found(
        Product.objects.select_for_update(no_key=True).filter(pk=product.pk, organization=actor.organization)
    )


def lock_living_product(actor: Actor, product: Product) -> Product:
    """The same where its creator may still decide whether it is offered.

    Raises `NotAllowed` when it is suspended, `Conflict` when it is retired.
    """
    product = lock_product(actor, product)
    if product.status == ProductStatus.SUSPENDED:
        raise NotAllowed(_("The platform has suspended this product. Contact its staff."))
    if product.is_retired:
        raise Conflict(_("This product is retired."))
    return product


def current_tier(product: Product, tier: Tier) -> Tier:
    """The tier as it is now that the product is locked: it may have been removed before. Raises `Invalid`."""
    current = product.tiers.filter(pk=tier.pk).first()
    if current is None:
        raise Invalid(_("Choose one of the product's tiers."), field="tier")
    return current


def announce_product(product: Product) -> None:
    """Tell the gateway that routes, tiers, plans or limits of this product are not what they were."""
    announce(f"product:{product.pk}")


def record_change(actor: Actor, product: Product, action: str, summary: str, *, target: str = "") -> None:
    """Write the change into the audit log and announce it; `target` is the product's public id where empty."""
    record_action(actor, action, summary, target=target or product.public_id)
    announce_product(product)


def record_text(actor: Actor, product: Product, action: str, summary: str) -> None:
    """The same for what only people read: the gateway need not hear of it."""
    record_action(actor, action, summary, target=product.public_id)
