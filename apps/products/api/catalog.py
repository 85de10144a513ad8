"""The marketplace: what everybody can see."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.rest.base import VisitorView
from apps.core.rest.operations import operation
from apps.products import selectors
from apps.products.api.serializers import (
    CatalogEndpointSerializer,
    CatalogProductDetailSerializer,
    CatalogProductSerializer,
    CatalogQuery,
    CategorySerializer,
    EndpointQuery,
)
from apps.products.models import Category, Endpoint, Product

TAG = "Catalog"


class CategoriesView(VisitorView):
    @operation("listCategories", "List the categories", tag=TAG, answer=CategorySerializer, many=True)
    def get(self, request: Request) -> QuerySet[Category]:
        return selectors.list_categories()


class CatalogView(VisitorView):
    @operation(
        "listCatalogProducts", "Browse and search the products on sale", tag=TAG,
        query=CatalogQuery, answer=CatalogProductSerializer, ordering="order",
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Product]:
        return selectors.find_in_catalog(
            search=self.query.get("search", ""), category=self.query.get("category", ""), tag=self.query.get("tag", "")
        )


class CatalogProductView(VisitorView):
    @operation(
        "getCatalogProduct", "Show a product on sale", tag=TAG,
        description="Its endpoints and plans have lists of their own below this address.",
        answer=CatalogProductDetailSerializer,
    )  # fmt: skip
    def get(self, request: Request, slug: str) -> Product:
        return selectors.get_in_catalog(slug=slug)


class CatalogEndpointsView(VisitorView):
    @operation(
        "listCatalogEndpoints", "List the endpoints of a product on sale", tag=TAG,
        query=EndpointQuery, answer=CatalogEndpointSerializer, ordering=("path", "method", "id"),
    )  # fmt: skip
    def get(self, request: Request, slug: str) -> QuerySet[Endpoint]:
        product = selectors.get_in_catalog(slug=slug)
        return selectors.search_endpoints(product, search=self.query.get("search", ""))
