"""The secret by which a backend knows the gateway, and how it changes without a call that the backend cannot check.

Prepared, the next secret signs beside the current one; a backend that has it can check every call. Activated, it takes
the place of the current one, which ends. The two follow each other at once where a secret has leaked.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Conflict
from apps.products.models import Product, new_proxy_secret
from apps.products.services.writing import lock_product, record_change


@transaction.atomic
def prepare_proxy_secret(*, actor: Actor, product: Product) -> str:
    """Make the next secret and sign with both from now on; returns it. Raises `Conflict` where there is one."""
    product = _locked(actor, product)
    if product.next_proxy_secret:
        raise Conflict(_("The next secret is prepared already. Activate or discard it first."))
    product.next_proxy_secret = new_proxy_secret()
    product.save(update_fields=["next_proxy_secret", "updated_at"])
    summary = f"Prepared the next proxy secret of {product.name}"
    record_change(actor, product, "product.proxy_secret_prepared", summary)
    return product.next_proxy_secret


@transaction.atomic
def activate_proxy_secret(*, actor: Actor, product: Product) -> Product:
    """Let the next secret take the place of the current one, which ends at once. Raises `Conflict` without one."""
    product = _locked(actor, product)
    _check_prepared(product)
    product.proxy_secret, product.next_proxy_secret = product.next_proxy_secret, ""
    product.save(update_fields=["proxy_secret", "next_proxy_secret", "updated_at"])
    record_change(actor, product, "product.proxy_secret_rotated", f"Rotated the proxy secret of {product.name}")
    return product


@transaction.atomic
def discard_proxy_secret(*, actor: Actor, product: Product) -> Product:
    """Drop the next secret: the current one stays. Raises `Conflict` without one."""
    product = _locked(actor, product)
    _check_prepared(product)
    product.next_proxy_secret = ""
    product.save(update_fields=["next_proxy_secret", "updated_at"])
    summary = f"Discarded the next proxy secret of {product.name}"
    record_change(actor, product, "product.proxy_secret_discarded", summary)
    return product


def _locked(actor: Actor, product: Product) -> Product:
    actor.require(Action.PRODUCTS_EDIT)
    return lock_product(actor, product)


def _check_prepared(product: Product) -> None:
    if not product.next_proxy_secret:
        raise Conflict(_("No next secret is prepared."))
