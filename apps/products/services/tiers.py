from django.db import IntegrityError, transaction
from django.db.models import Max, ProtectedError

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid
from apps.core.slugs import slug_from
from apps.products.models import Product, Tier
from apps.products.services.products import changed, locked

TIERS_MAX = 20


@transaction.atomic
def add_tier(*, actor: Actor, product: Product, name: str) -> Tier:
    """A tier above the existing ones, which includes them. Raises `Invalid` or `Conflict`."""
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, product)
    name = _checked_name(name)
    if product.tiers.count() >= TIERS_MAX:
        raise Conflict(f"A product has {TIERS_MAX} tiers at most.")
    highest = product.tiers.aggregate(rank=Max("rank"))["rank"]
    try:
        with transaction.atomic():
            tier = Tier.objects.create(
                product=product,
                name=name,
                slug=slug_from(name, fallback="tier"),
                rank=0 if highest is None else highest + 1,
            )
    except IntegrityError:
        raise Invalid("There is a tier of this name.", field="name") from None
    _record(actor, product, "tier.added", f"Added the tier {name} to {product.name}")
    return tier


@transaction.atomic
def rename_tier(*, actor: Actor, tier: Tier, name: str) -> Tier:
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, tier.product)
    previous, tier.name = tier.name, _checked_name(name)
    tier.save(update_fields=["name"])
    _record(actor, product, "tier.renamed", f"Renamed the tier {previous} to {tier.name}")
    return tier


@transaction.atomic
def remove_tier(*, actor: Actor, tier: Tier) -> None:
    """Remove a tier that no endpoint requires and no plan sells. Raises `Conflict`."""
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, tier.product)
    if product.tiers.count() == 1:
        raise Conflict("A product needs at least one tier.")
    try:
        with transaction.atomic():
            tier.delete()
    except ProtectedError:
        raise Conflict(f"Endpoints or plans use the tier {tier.name}.") from None
    _record(actor, product, "tier.removed", f"Removed the tier {tier.name} from {product.name}")


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise Invalid("Give a name of 1 to 40 characters.", field="name")
    return name


def _record(actor: Actor, product: Product, action: str, summary: str) -> None:
    record_event(
        organization=product.organization, actor=actor.user, action=action, target=product.public_id, summary=summary
    )
    changed(product)
