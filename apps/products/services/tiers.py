from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.core.slugs import free_slug, slug_from
from apps.core.values import check_line
from apps.products.models import Product, Tier
from apps.products.services.writing import lock_product, record_change

TIERS_MAX = 20


@transaction.atomic
def add_tier(*, actor: Actor, product: Product, name: str) -> Tier:
    """A tier above the existing ones, which includes them. Raises `Invalid` or `Conflict`."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    name = _checked_name(product, name)
    tiers = list(product.tiers.all())
    if len(tiers) >= TIERS_MAX:
        raise Conflict(_("A product has %(most)d tiers at most.") % {"most": TIERS_MAX})
    tier = Tier.objects.create(
        product=product,
        name=name,
        slug=free_slug(slug_from(name, fallback="tier"), {tier.slug for tier in tiers}),
        rank=max((tier.rank + 1 for tier in tiers), default=0),
    )
    record_change(actor, product, "tier.added", f"Added the tier {name} to {product.name}")
    return tier


@transaction.atomic
def rename_tier(*, actor: Actor, tier: Tier, name: str) -> Tier:
    """Change the name that people see; the slug stays. Raises `Invalid`."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, tier.product)
    tier = _current(product, tier)
    previous, tier.name = tier.name, _checked_name(product, name, tier)
    tier.save(update_fields=["name"])
    record_change(actor, product, "tier.renamed", f"Renamed the tier {previous} to {tier.name}")
    return tier


@transaction.atomic
def remove_tier(*, actor: Actor, tier: Tier) -> None:
    """Remove a tier that no endpoint ever required and no plan ever sold. Raises `Conflict`."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, tier.product)
    tier = _current(product, tier)
    if product.tiers.count() == 1:
        raise Conflict(_("A product needs at least one tier."))
    try:
        with transaction.atomic():
            tier.delete()
    except ProtectedError:
        raise Conflict(
            _("Endpoints or plans use the tier %(tier)s, or did before they were removed.") % {"tier": tier.name}
        ) from None
    record_change(actor, product, "tier.removed", f"Removed the tier {tier.name} from {product.name}")


def _current(product: Product, tier: Tier) -> Tier:
    """The tier as it is now that the product is locked."""
    return first_or_not_found(product.tiers.filter(pk=tier.pk))


def _checked_name(product: Product, name: str, tier: Tier | None = None) -> str:
    name = check_line(name, field="name", longest=40)
    others = product.tiers.exclude(pk=tier.pk) if tier else product.tiers.all()
    if others.filter(name__iexact=name).exists():
        raise Invalid(_("There is a tier of this name."), field="name")
    return name
