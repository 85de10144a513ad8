"""The end of a product: deprecated, retiring, retired. What subscribers are told is in `announcements`."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.core.values import check_line
from apps.notifications.services import notify, notify_all
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.products.services.writing import announce_product, lock_living_product, record_change
from apps.products.subscribers import end_subscriptions, has_subscribers, list_subscribers
from apps.products.wording import retired_words

NOTE_MAX = 500
# A date further away is a slip of the keyboard.
RETIREMENT_MAX = dt.timedelta(days=5 * 365)


@transaction.atomic
def deprecate_product(*, actor: Actor, product: Product, note: str = "") -> Product:
    """Tell consumers, on the pages and in a header of each answer of its backend, not to build on it. It works on.

    Once more changes the note. Raises `Invalid` for a note that cannot be.
    """
    actor.require(Action.PRODUCTS_PUBLISH)
    product = lock_living_product(actor, product)
    product.deprecated_at = product.deprecated_at or clock.now()
    product.lifecycle_note = check_line(note, field="note", shortest=0, longest=NOTE_MAX)
    product.save(update_fields=["deprecated_at", "lifecycle_note", "updated_at"])
    record_change(actor, product, "product.deprecated", f"Marked the product {product.name} as deprecated")
    return product


@transaction.atomic
def undeprecate_product(*, actor: Actor, product: Product) -> Product:
    """Take the mark of `deprecate_product` away."""
    actor.require(Action.PRODUCTS_PUBLISH)
    product = lock_living_product(actor, product)
    product.deprecated_at = None
    if not product.is_retiring:
        product.lifecycle_note = ""
    product.save(update_fields=["deprecated_at", "lifecycle_note", "updated_at"])
    record_change(actor, product, "product.undeprecated", f"The product {product.name} is to stay")
    return product


@transaction.atomic
def retire_product(*, actor: Actor, product: Product, retires_at: dt.datetime | None = None, note: str = "") -> Product:
    """End a product: at once where nobody is subscribed, else at `retires_at`, and nobody can subscribe from now on.

    With subscribers, the end is far enough away for them to move (`PRODUCT_RETIREMENT_DAYS`) and the note tells them
    why, or what to use instead. They are told at once and once more before the end; another date is told anew.
    Raises `Invalid` with the field that is wrong.
    """
    actor.require(Action.PRODUCTS_PUBLISH)
    product = lock_living_product(actor, product)
    product.lifecycle_note = check_line(note, field="note", shortest=0, longest=NOTE_MAX)
    if not has_subscribers(product):
        product.retires_at = clock.now()
        _end(product)
        record_change(actor, product, "product.retired", f"Retired the product {product.name}")
        return product
    product.retires_at = _checked_end(retires_at)
    if not product.lifecycle_note:
        raise Invalid(_("Tell your subscribers why, or what to use instead."), field="note")
    product.status = ProductStatus.UNPUBLISHED
    product.retirement_announced_at = product.retirement_reminded_at = None
    product.save(
        update_fields=[
            "status", "retires_at", "lifecycle_note", "retirement_announced_at", "retirement_reminded_at", "updated_at",
        ]
    )  # fmt: skip
    summary = f"Retires the product {product.name} on {product.retires_at:%Y-%m-%d}"
    record_change(actor, product, "product.retirement_announced", summary)
    enqueue("products.announce_retirement", product_id=product.pk)
    return product


@transaction.atomic
def call_off_retirement(*, actor: Actor, product: Product) -> Product:
    """Let a product that was to be retired go on; it is unpublished until it is published again.

    Subscribers who were told of the end are told of this, too. Raises `Conflict` where no end is set.
    """
    actor.require(Action.PRODUCTS_PUBLISH)
    product = lock_living_product(actor, product)
    if not product.is_retiring:
        raise Conflict(_("No end is set for this product."))
    product.retires_at = None
    if product.deprecated_at is None:
        product.lifecycle_note = ""
    product.save(update_fields=["retires_at", "lifecycle_note", "updated_at"])
    record_change(actor, product, "product.retirement_called_off", f"Called off the end of the product {product.name}")
    enqueue("products.announce_retirement", product_id=product.pk)
    return product


@transaction.atomic
def end_product(*, product_id: int) -> bool:
    """Retire a product whose date has come, cancel its subscriptions and tell everybody. Once: False afterwards."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    if not product.is_retiring or product.retires_at is None or product.retires_at > clock.now():
        return False
    subscribers = list_subscribers(product)
    _end(product)
    end_subscriptions(product)
    record_event(
        organization=product.organization,
        actor=None,
        action="product.retired",
        target=product.public_id,
        summary=f"Retired the product {product.name}, as announced",
    )
    announce_product(product)
    words = retired_words(product)
    url = f"/products/{product.slug}/"
    notify_all(organizations=subscribers, kind="product.retired", title=words.title, body=words.body, url=url)
    notify(
        organization=product.organization, kind="product.retired", title=words.title, body=words.for_creator, url=url
    )
    return True


def _end(product: Product) -> None:
    product.status = ProductStatus.RETIRED
    product.save(update_fields=["status", "retires_at", "lifecycle_note", "updated_at"])


def _checked_end(retires_at: dt.datetime | None) -> dt.datetime:
    days = settings.PRODUCT_RETIREMENT_DAYS
    now = clock.now()
    if retires_at is None or retires_at.tzinfo is None or retires_at < now + dt.timedelta(days=days):
        raise Invalid(
            ngettext(
                "It has subscribers: give a date that is at least %(days)d day away.",
                "It has subscribers: give a date that is at least %(days)d days away.",
                days,
            )
            % {"days": days},
            field="retires_at",
        )
    if retires_at > now + RETIREMENT_MAX:
        raise Invalid(_("Give a date within five years."), field="retires_at")
    return retires_at
