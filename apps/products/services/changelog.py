import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.core.rows import first_or_not_found
from apps.core.values import check_line, check_text
from apps.products.models import ChangelogEntry, Product
from apps.products.services.writing import lock_product, record_text

ENTRIES_MAX = 1000
BODY_MAX = 20_000
EARLIEST_YEAR = 1990


@transaction.atomic
def add_changelog_entry(
    *, actor: Actor, product: Product, title: str, body: str = "", version: str = ""
) -> ChangelogEntry:
    """A draft, which only the creator sees. `body` is Markdown. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    if product.changelog.count() >= ENTRIES_MAX:
        raise Conflict(_("A changelog has %(most)s entries at most.") % {"most": f"{ENTRIES_MAX:,}"})
    entry = ChangelogEntry(product=product, created_by=actor.user)
    _fill(entry, title, body, version)
    entry.save()
    record_text(actor, product, "changelog.added", f"Wrote “{entry.title}” for the changelog of {product.name}")
    return entry


@transaction.atomic
def update_changelog_entry(
    *, actor: Actor, entry: ChangelogEntry, title: str, body: str = "", version: str = ""
) -> ChangelogEntry:
    """Change a draft or a published entry; nobody is told of that. Raises as `add_changelog_entry` does."""
    entry = _locked(actor, entry)
    _fill(entry, title, body, version)
    entry.save(update_fields=["title", "body", "version"])
    record_text(actor, entry.product, "changelog.changed", f"Changed “{entry.title}” in the changelog")
    return entry


@transaction.atomic
def publish_changelog_entry(
    *, actor: Actor, entry: ChangelogEntry, published_at: dt.datetime | None = None
) -> ChangelogEntry:
    """Show the entry to everybody, under a date that may lie in the past; subscribers are told the first time.

    Once more changes the date. Raises `Invalid` for a date in the future.
    """
    entry = _locked(actor, entry)
    now = clock.now()
    published_at = published_at or entry.published_at or now
    if published_at.tzinfo is None or published_at > now:
        raise Invalid(_("The date cannot lie in the future."), field="published_at")
    if published_at.year < EARLIEST_YEAR:
        raise Invalid(_("This is before the web."), field="published_at")
    entry.published_at = published_at
    entry.save(update_fields=["published_at"])
    record_text(actor, entry.product, "changelog.published", f"Published “{entry.title}” in the changelog")
    if entry.announced_at is None:
        enqueue("products.announce_changelog_entry", entry_id=entry.pk)
    return entry


@transaction.atomic
def unpublish_changelog_entry(*, actor: Actor, entry: ChangelogEntry) -> ChangelogEntry:
    """Make the entry a draft again."""
    entry = _locked(actor, entry)
    if entry.published_at is None:
        raise Conflict(_("This entry is a draft already."))
    entry.published_at = None
    entry.save(update_fields=["published_at"])
    record_text(actor, entry.product, "changelog.unpublished", f"Took “{entry.title}” out of the changelog")
    return entry


@transaction.atomic
def remove_changelog_entry(*, actor: Actor, entry: ChangelogEntry) -> None:
    """Delete the entry."""
    entry = _locked(actor, entry)
    entry.delete()
    record_text(actor, entry.product, "changelog.removed", f"Removed “{entry.title}” from the changelog")


def _fill(entry: ChangelogEntry, title: str, body: str, version: str) -> None:
    entry.title = check_line(title, field="title", longest=120)
    entry.body = check_text(body, field="body", longest=BODY_MAX)
    entry.version = check_line(version, field="version", shortest=0, longest=20)


def _locked(actor: Actor, entry: ChangelogEntry) -> ChangelogEntry:
    """The entry as it is now, its product locked."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, entry.product)
    return first_or_not_found(product.changelog.select_related("product").filter(pk=entry.pk))
