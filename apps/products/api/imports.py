"""Endpoints from an OpenAPI document: previewed first, then applied. And a product as such a document."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import VisitorView
from apps.core.errors import Invalid
from apps.core.parsers import JSONBodyParser
from apps.core.rest.operations import operation
from apps.products import selectors, services
from apps.products.api.base import ProductView
from apps.products.api.import_serializers import (
    ApplyInput,
    ImportInput,
    ImportPreviewSerializer,
    ImportSerializer,
)
from apps.products.enums import ImportSource
from apps.products.models import OpenApiImport, Product
from apps.products.openapi.comparison import ImportChanges
from apps.products.openapi.export import as_json, export_document
from apps.products.services import ImportOptions

TAG = "Products"
READ, WRITE = TokenScope.PRODUCTS_READ, TokenScope.PRODUCTS_WRITE


@dataclass(frozen=True)
class Preview:
    imported: OpenApiImport
    changes: ImportChanges | None  # None: it was applied


class ImportsView(ProductView):
    parser_classes = [JSONBodyParser, MultiPartParser]

    @operation(
        "listImports", "List the documents that were read for a product", tag=TAG, scope=READ,
        answer=ImportSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[OpenApiImport]:
        return selectors.list_imports(self.product)

    @operation(
        "previewImport", "Read an OpenAPI document", tag=TAG, scope=WRITE,
        description="As JSON with the address of the document (`url`) or its text (`document`), or as a form with a "
        "`file`. The endpoints stay as they are: the answer says what applying it would change.",
        body=ImportInput, answer=ImportPreviewSerializer, status=201, commits_within=True,
        examples={"request": {"url": "https://api.example.com/openapi.json"}},
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Preview:
        imported = services.preview_import(actor=self.actor, product=self.product, **_given(self.body))
        return _preview(imported)


class ImportView(ProductView):
    @property
    def imported(self) -> OpenApiImport:
        return selectors.get_import(self.product, public_id=self.kwargs["import_id"])


class ImportDetailView(ImportView):
    @operation("getImport", "Show what an import would change", tag=TAG, scope=READ, answer=ImportPreviewSerializer)
    def get(self, request: Request, product_id: str, import_id: str) -> Preview:
        return _preview(self.imported)


class ApplyView(ImportView):
    @operation(
        "applyImport", "Apply an import", tag=TAG, scope=WRITE,
        description="Send `seen` of the changes that you were shown; 409 where the endpoints have changed since.",
        body=ApplyInput, answer=ImportSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, import_id: str) -> OpenApiImport:
        imported, tier = self.imported, self.body.get("tier")
        options = ImportOptions(
            seen=self.body["seen"],
            remove_missing=self.body["remove_missing"],
            tier=selectors.choose_tier(imported.product, slug=tier) if tier else None,
        )
        return services.apply_import(actor=self.actor, imported=imported, options=options)


class ExportView(ProductView):
    @operation(
        "exportProduct", "Get a product as an OpenAPI document", tag=TAG, scope=READ,
        description="OpenAPI 3.1, without envelope; its server is the gateway.", bare=True,
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> HttpResponse:
        return _document(self.product)


class CatalogExportView(VisitorView):
    @operation(
        "exportCatalogProduct", "Get a product on sale as an OpenAPI document", tag="Catalog",
        description="OpenAPI 3.1, without envelope; its server is the gateway.", bare=True,
    )  # fmt: skip
    def get(self, request: Request, slug: str) -> HttpResponse:
        return _document(selectors.get_in_catalog(slug=slug))


def _document(product: Product) -> HttpResponse:
    return HttpResponse(as_json(export_document(product)), content_type="application/json")


def _given(body: dict[str, Any]) -> dict[str, Any]:
    """The document as the service takes it. Raises `Invalid` unless it is given in one way."""
    ways = [name for name in ("url", "document", "file") if body.get(name)]
    if len(ways) != 1:
        raise Invalid(_("Give the document in one way: a url, its text or a file."), field="document")
    if ways == ["url"]:
        return {"source": ImportSource.URL, "url": body["url"]}
    if ways == ["file"]:
        file = body["file"]
        return {"source": ImportSource.UPLOAD, "raw": file.read(), "filename": file.name}
    return {"source": ImportSource.PASTE, "raw": body["document"].encode()}


def _preview(imported: OpenApiImport) -> Preview:
    return Preview(imported, None if imported.applied_at else services.changes_of(imported))
