import logging

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.products.images import square_png
from apps.products.models import Product, logo_path
from apps.products.services.writing import lock_product, record_text

logger = logging.getLogger(__name__)


def set_logo(*, actor: Actor, product: Product, image: bytes) -> Product:
    """Make the picture the product's logo; the file of the old one goes once this is committed.

    `image` is a PNG, JPEG, WebP or GIF file; `images.square_png` says what becomes of it. Raises `Invalid`.
    """
    actor.require(Action.PRODUCTS_EDIT)
    # The storage may be across the network: no transaction waits for it.
    name = default_storage.save(logo_path(product, ""), ContentFile(square_png(image)))
    try:
        return _exchange(actor, product, name, "product.logo_changed", "Changed the logo of")
    except BaseException:
        _discard(name)
        raise


def remove_logo(*, actor: Actor, product: Product) -> Product:
    """Show a monogram in place of the logo; once more changes nothing."""
    actor.require(Action.PRODUCTS_EDIT)
    return _exchange(actor, product, "", "product.logo_removed", "Removed the logo of")


@transaction.atomic
def _exchange(actor: Actor, product: Product, name: str, action: str, summary: str) -> Product:
    product = lock_product(actor, product)
    previous = product.logo.name
    product.logo.name = name
    product.save(update_fields=["logo", "updated_at"])
    record_text(actor, product, action, f"{summary} {product.name}")
    if previous:
        transaction.on_commit(lambda: _discard(previous), robust=True)
    return product


def _discard(name: str) -> None:
    try:
        default_storage.delete(name)
    except OSError:
        logger.exception("the logo %s, which no product has any more, was not deleted", name)
