"""OpenAPI documents: read one, see what it would change, apply it; or make a product of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.imports import FORMS, PRODUCT_FORMS, ApplyForm
from apps.products.enums import ImportSource
from apps.products.models import Product
from apps.products.openapi.comparison import Matched
from apps.products.openapi.reading import as_document
from apps.products.openapi.servers import suggested_backend
from apps.products.selectors import get_import, list_imports
from apps.products.services import (
    ImportOptions,
    apply_import,
    changes_of,
    create_product_from_document,
    discard_import,
    preview_import,
)

# Rows of each table on the preview.
SHOWN = 200


@dataclass(frozen=True)
class Shown:
    """The first rows of a list and how many more there are."""

    rows: Sequence[Any]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True)
class ChangedRow:
    matched: Matched
    parts: str  # in words


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    """The three ways to give a document, and those that were given."""
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = _form(request, FORMS)
    if form.is_valid():
        imported = carried_out(form, lambda: preview_import(actor=actor, product=product, **form.given()))
        if imported is not None:
            return redirect("portal:studio-import", actor.organization.slug, product.slug, imported.public_id)
    context = {"product": product, "form": form, "sources": ImportSource, "imports": list_imports(product)}
    return render(request, "studio/imports.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def create_product(request: PortalRequest) -> HttpResponse:
    """A draft out of a document; what its endpoints would be is shown next."""
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = _form(request, PRODUCT_FORMS)
    if form.is_valid():
        values = form.given() | form.details()
        imported = carried_out(form, lambda: create_product_from_document(actor=actor, **values))
        if imported is not None:
            messages.success(request, _("Created %(name)s.") % {"name": imported.product.name})
            return redirect("portal:studio-import", actor.organization.slug, imported.product.slug, imported.public_id)
    context = {"form": form, "sources": ImportSource}
    return render(request, "studio/product_import.html", context, status=422 if form.errors else 200)


@require_safe
@product_page
def preview(request: PortalRequest, product: Product, import_id: str) -> HttpResponse:
    request.actor.require(Action.PRODUCTS_EDIT)
    imported = get_import(product, public_id=import_id)
    context: dict[str, Any] = {"product": product, "imported": imported}
    if imported.applied_at is None:
        changes = changes_of(imported)
        backend = suggested_backend(as_document(imported.document), origin=imported.origin)
        context |= {
            "changes": changes,
            "added": _shown(changes.added),
            "changed": _shown([ChangedRow(matched, _in_words(matched)) for matched in changes.changed]),
            "renamed": _shown([ChangedRow(matched, _in_words(matched)) for matched in changes.renamed]),
            "removed": _shown(changes.removed),
            "unchanged": _shown(changes.unchanged),
            "other_backend": backend if backend != product.upstream_url else "",
            "form": ApplyForm(product=product, initial={"seen": changes.seen}),
        }
    return render(request, "studio/import.html", context)


@require_POST
@product_page
def apply(request: PortalRequest, product: Product, import_id: str) -> HttpResponse:
    imported = get_import(product, public_id=import_id)
    form = ApplyForm(request.POST, product=product)
    if not form.is_valid():
        raise Invalid(_("Choose the options on the page of the import."))
    values = form.cleaned_data
    options = ImportOptions(
        seen=values["seen"], remove_missing=values["remove_missing"], tier=form.tiers.get(values["tier"])
    )
    apply_import(actor=request.actor, imported=imported, options=options)
    messages.success(request, _("Applied. The gateway follows within 5 seconds."))
    return redirect("portal:studio-endpoints", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def discard(request: PortalRequest, product: Product, import_id: str) -> HttpResponse:
    discard_import(actor=request.actor, imported=get_import(product, public_id=import_id))
    messages.success(request, _("Discarded. Nothing was changed."))
    return redirect("portal:studio-imports", request.actor.organization.slug, product.slug)


def _form(request: PortalRequest, forms: dict[str, Any]) -> Any:
    """The form of the chosen way: `from` in the address, `source` in what was posted."""
    if request.method == "POST":
        chosen = forms.get(request.POST.get("source", ""), forms[ImportSource.UPLOAD])
        return chosen(request.POST, request.FILES)
    return forms.get(request.GET.get("from", ""), forms[ImportSource.UPLOAD])()


def _shown(rows: Sequence[Any]) -> Shown:
    return Shown(rows[:SHOWN], len(rows))


def _in_words(matched: Matched) -> str:
    return ", ".join(str(part.label) for part in matched.parts)
