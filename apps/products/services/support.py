from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Conflict
from apps.core.rows import first_or_not_found
from apps.core.values import check_line
from apps.products.contacts import check_contact
from apps.products.models import Product, SupportChannel, Tier
from apps.products.services.ordering import end_of, move
from apps.products.services.writing import current_tier, lock_product, record_text

CHANNELS_MAX = 20


@transaction.atomic
def add_support_channel(
    *, actor: Actor, product: Product, kind: str, value: str, note: str = "", tier: Tier | None = None
) -> SupportChannel:
    """Where help is to be had: for everybody, or for subscribers of the tier and those above it.

    Raises `Invalid` with the field that is wrong.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    if product.support_channels.count() >= CHANNELS_MAX:
        raise Conflict(_("A product has %(most)d support channels at most.") % {"most": CHANNELS_MAX})
    channel = SupportChannel(product=product, position=end_of(product.support_channels))
    _fill(channel, kind, value, note, tier)
    channel.save()
    record_text(actor, product, "support.added", f"Added the support channel {channel} to {product.name}")
    return channel


@transaction.atomic
def update_support_channel(
    *, actor: Actor, channel: SupportChannel, kind: str, value: str, note: str = "", tier: Tier | None = None
) -> SupportChannel:
    """Change a channel; all of it is what it is from now on. Raises as `add_support_channel` does."""
    channel = _locked(actor, channel)
    _fill(channel, kind, value, note, tier)
    channel.save(update_fields=["kind", "value", "note", "tier"])
    record_text(actor, channel.product, "support.changed", f"Changed the support channel {channel}")
    return channel


@transaction.atomic
def move_support_channel(*, actor: Actor, channel: SupportChannel, by: int) -> None:
    """Move the channel up (-1) or down (1)."""
    channel = _locked(actor, channel)
    move(channel.product.support_channels, channel, by=by)
    record_text(actor, channel.product, "support.moved", f"Moved the support channel {channel}")


@transaction.atomic
def remove_support_channel(*, actor: Actor, channel: SupportChannel) -> None:
    """Delete the channel."""
    channel = _locked(actor, channel)
    channel.delete()
    record_text(actor, channel.product, "support.removed", f"Removed the support channel {channel}")


def _fill(channel: SupportChannel, kind: str, value: str, note: str, tier: Tier | None) -> None:
    channel.value = check_contact(kind, value)
    channel.kind = kind
    channel.note = check_line(note, field="note", shortest=0, longest=160)
    channel.tier = current_tier(channel.product, tier) if tier else None


def _locked(actor: Actor, channel: SupportChannel) -> SupportChannel:
    """The channel as it is now, its product locked."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, channel.product)
    return first_or_not_found(product.support_channels.select_related("product").filter(pk=channel.pk))
