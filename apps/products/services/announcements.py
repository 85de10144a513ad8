"""Telling subscribers, once: a mark is set in the transaction that writes the notices."""

from django.db import transaction

from apps.core import clock
from apps.notifications.services import notify_all
from apps.products.models import ChangelogEntry, Product
from apps.products.selectors import REMINDED_BEFORE
from apps.products.subscribers import list_subscribers
from apps.products.wording import Words, changelog_words, reminder_words, retiring_words, staying_words


@transaction.atomic
def announce_retirement(*, product_id: int) -> None:
    """Bring subscribers to where the product is: tell them of its end, or that it was called off."""
    product = _locked(product_id)
    if product.is_retiring and product.retirement_announced_at is None:
        product.retirement_announced_at = clock.now()
        _tell(product, "product.retiring", retiring_words(product))
    elif product.retires_at is None and product.retirement_announced_at is not None:
        product.retirement_announced_at = product.retirement_reminded_at = None
        _tell(product, "product.staying", staying_words(product))
    else:
        return
    product.save(update_fields=["retirement_announced_at", "retirement_reminded_at"])


@transaction.atomic
def remind_of_retirement(*, product_id: int) -> None:
    """Tell subscribers once more, within the last days, what they were told before."""
    product = _locked(product_id)
    now = clock.now()
    if not product.is_retiring or product.retirement_announced_at is None or product.retirement_reminded_at is not None:
        return
    if product.retires_at is None or product.retires_at - REMINDED_BEFORE > now:
        return
    product.retirement_reminded_at = now
    product.save(update_fields=["retirement_reminded_at"])
    _tell(product, "product.retiring", reminder_words(product))


@transaction.atomic
def announce_changelog_entry(*, entry_id: int) -> None:
    """Tell subscribers what is new; nothing happens for a draft, or when they were told."""
    entry = (
        ChangelogEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("product__organization")
        .filter(pk=entry_id, published_at__isnull=False, announced_at__isnull=True)
        .first()
    )
    if entry is None:
        return
    entry.announced_at = clock.now()
    entry.save(update_fields=["announced_at"])
    words = changelog_words(entry)
    _tell(entry.product, "product.changed", words, page="changelog/")


def _tell(product: Product, kind: str, words: Words, page: str = "") -> None:
    notify_all(
        organizations=list_subscribers(product),
        kind=kind,
        title=words.title,
        body=words.body,
        url=f"/products/{product.slug}/{page}",
    )


def _locked(product_id: int) -> Product:
    products = Product.objects.select_for_update(of=("self",), no_key=True).select_related("organization")
    return products.get(pk=product_id)
