"""Endpoints from an OpenAPI document: read and kept first, applied when the creator has seen what would change."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.products.enums import ImportSource
from apps.products.models import Endpoint, OpenApiImport, Product, Tier
from apps.products.openapi.comparison import ImportChanges, Matched, compare
from apps.products.openapi.fetching import fetch_document
from apps.products.openapi.operations import ImportedOperation, describes_operations, read_operations
from apps.products.openapi.reading import Document, as_document, read_document
from apps.products.openapi.servers import suggested_backend
from apps.products.selectors import suggest_slug
from apps.products.services.endpoints import ENDPOINTS_MAX, check_documentation
from apps.products.services.products import create_product
from apps.products.services.writing import current_tier, lock_product, record_change

ORIGIN_MAX = 500
# Of one product; the oldest make room.
IMPORTS_KEPT = 20
_BATCH = 500
# What an import writes of an endpoint that exists.
_WRITTEN = [
    "method", "path", "pattern", "upstream_path", "operation_id", "operation", "deprecated_at", "sunset_at",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to apply: `seen` is that of the `ImportChanges` which the creator was shown.

    `tier` is for new endpoints; None: the lowest.
    """

    seen: str
    remove_missing: bool = False
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A document as it was given: `raw` bytes (with the file's name, if it has one), or a `url` to fetch it from."""

    source: ImportSource
    raw: bytes = field(default=b"", repr=False)
    url: str = ""
    filename: str = ""

    @property
    def origin(self) -> str:
        return (self.url or self.filename)[:ORIGIN_MAX]

    def read(self) -> Document:
        """Fetch and parse. Raises `Invalid`. Not inside a transaction."""
        raw = fetch_document(self.url) if self.source == ImportSource.URL else self.raw
        field = "url" if self.source == ImportSource.URL else "document"
        document = read_document(raw, field=field)
        if not describes_operations(document):
            raise Invalid(_("The document describes no operation, so there is nothing to import."), field=field)
        return document


def preview_import(
    *, actor: Actor, product: Product, source: str, raw: bytes = b"", url: str = "", filename: str = ""
) -> OpenApiImport:
    """Read a document and keep it; the endpoints stay as they are until `apply_import`.

    With the source `url` it is fetched from there, before any transaction begins. Raises `Invalid` where it
    cannot be read.
    """
    actor.require(Action.PRODUCTS_EDIT)
    given = _given(source, raw, url, filename)
    document = given.read()
    with transaction.atomic():
        product = lock_product(actor, product)
        imported = _keep(actor, product, given, document)
        summary = f"Read {imported} for {product.name}, without applying it"
        record_action(actor, "import.previewed", summary, target=imported.public_id)
    return imported


def create_product_from_document(
    *,
    actor: Actor,
    source: str,
    raw: bytes = b"",
    url: str = "",
    filename: str = "",
    name: str = "",
    upstream_url: str = "",
) -> OpenApiImport:
    """A draft that is named, described and pointed at a backend by the document, and its import, not yet applied.

    `name` and `upstream_url` win over what the document says. Raises `Invalid` as `preview_import` and
    `create_product` do.
    """
    actor.require(Action.PRODUCTS_EDIT)
    given = _given(source, raw, url, filename)
    document = given.read()
    name = name.strip() or document.title[:80].strip()
    if not name:
        raise Invalid(_("The document has no title. Give the product a name."), field="name")
    backend = upstream_url.strip() or suggested_backend(document, origin=given.url)
    if not backend:
        raise Invalid(_("The document names no whole backend address. Give it here."), field="upstream_url")
    with transaction.atomic():
        product = create_product(
            actor=actor,
            name=name,
            slug=suggest_slug(name),
            upstream_url=backend,
            description="".join(c for c in document.description if c.isprintable() or c in "\n\t")[:20_000],
        )
        product.version = document.version[:20].strip()
        product.save(update_fields=["version"])
        return _keep(actor, product, given, document)


def changes_of(imported: OpenApiImport) -> ImportChanges:
    """What applying the import would do to the product's endpoints as they are now."""
    contents = read_operations(as_document(imported.document))
    return compare(list(imported.product.endpoints.current()), contents)


@transaction.atomic
def apply_import(*, actor: Actor, imported: OpenApiImport, options: ImportOptions) -> OpenApiImport:
    """Make the endpoints what the document says; live in the gateway within seconds.

    An endpoint keeps its identity, tier, weight, limits and a path at the backend of its own, also where its route
    changes. Those that the document lacks stay, unless `remove_missing`. Raises `Conflict` where the endpoints are not
    those of the changes that were `seen`, or the import was applied before.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, imported.product)
    imported = _current(product, imported)
    tier = _tier(product, options.tier)
    changes = changes_of(imported)
    if changes.seen != options.seen:
        raise Conflict(_("The endpoints have changed since this was shown. Look at the changes as they are now."))
    removed = changes.removed if options.remove_missing else ()
    if product.endpoints.current().count() + len(changes.added) - len(removed) > ENDPOINTS_MAX:
        raise Conflict(_("A product has %(most)s endpoints at most.") % {"most": f"{ENDPOINTS_MAX:,}"})
    now = clock.now()
    Endpoint.objects.filter(pk__in=[endpoint.pk for endpoint in removed]).update(removed_at=now)
    # An insert that becomes an update where the row exists, as each does: one statement, where `bulk_update` builds
    # a CASE over all rows for each field.
    Endpoint.objects.bulk_create(
        [_updated(matched) for matched in (*changes.changed, *changes.renamed)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_WRITTEN,
        batch_size=_BATCH,
    )
    Endpoint.objects.bulk_create([_new(product, tier, added) for added in changes.added], batch_size=_BATCH)
    check_documentation(product)
    imported.applied_at = now
    imported.save(update_fields=["applied_at"])
    counts = {
        "added": len(changes.added), "changed": len(changes.changed), "renamed": len(changes.renamed),
        "removed": len(removed),
    }  # fmt: skip
    words = ", ".join(f"{number} {verb}" for verb, number in counts.items())
    record_change(
        actor, product, "import.applied", f"Imported {imported} into {product.name}: {words}", target=imported.public_id
    )
    return imported


@transaction.atomic
def discard_import(*, actor: Actor, imported: OpenApiImport) -> None:
    """Forget an import that was not applied. Raises `Conflict` for one that was."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, imported.product)
    imported = _current(product, imported)
    record_action(actor, "import.discarded", f"Discarded {imported} for {product.name}", target=imported.public_id)
    imported.delete()


def _given(source: str, raw: bytes, url: str, filename: str) -> Given:
    if source not in ImportSource.values:
        raise Invalid(_("Choose where the document comes from."), field="source")
    name = "".join(character for character in filename if character.isprintable())
    return Given(ImportSource(source), raw=raw, url=url.strip(), filename=name)


def _keep(actor: Actor, product: Product, given: Given, document: Document) -> OpenApiImport:
    kept = product.imports.order_by("-created_at", "-id").values_list("pk", flat=True)[: IMPORTS_KEPT - 1]
    product.imports.exclude(pk__in=list(kept)).delete()
    return OpenApiImport.objects.create(
        product=product,
        source=given.source,
        origin=given.origin,
        dialect=document.dialect,
        title=document.title,
        version=document.version,
        document=document.content,
        created_by=actor.user,
    )


def _current(product: Product, imported: OpenApiImport) -> OpenApiImport:
    """The import as it is now that the product is locked. Raises `NotFound`, `Conflict` for an applied one."""
    found = first_or_not_found(product.imports.filter(pk=imported.pk))
    if found.applied_at is not None:
        raise Conflict(_("This import has been applied already."))
    return found


def _tier(product: Product, wanted: Tier | None) -> Tier:
    """The one that was chosen, else the lowest; every product has one."""
    return current_tier(product, wanted) if wanted else product.tiers.order_by("rank")[0]


def _updated(matched: Matched) -> Endpoint:
    """The endpoint as it is to be. What the creator chose for it (tier, weight, own paths) is not touched."""
    endpoint, operation = matched.endpoint, matched.operation
    was_deprecated = endpoint.operation.get("deprecated") is True if isinstance(endpoint.operation, dict) else False
    if operation.is_deprecated:
        endpoint.deprecated_at = endpoint.deprecated_at or clock.now()
    elif was_deprecated:  # by an earlier document; what was deprecated by hand stays so
        endpoint.deprecated_at = endpoint.sunset_at = None
    endpoint.upstream_path = matched.upstream_path
    if not matched.keeps_route:
        endpoint.method = operation.method
        endpoint.path = operation.path
        endpoint.pattern = operation.pattern
    endpoint.operation_id = operation.operation_id
    endpoint.operation = operation.operation
    return endpoint


def _new(product: Product, tier: Tier, operation: ImportedOperation) -> Endpoint:
    return Endpoint(
        product=product,
        tier=tier,
        method=operation.method,
        path=operation.path,
        pattern=operation.pattern,
        upstream_path=operation.path,
        operation_id=operation.operation_id,
        operation=operation.operation,
        deprecated_at=clock.now() if operation.is_deprecated else None,
    )
