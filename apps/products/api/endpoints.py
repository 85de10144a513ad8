"""The endpoints of a product."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.products import selectors, services
from apps.products.api.base import ProductView
from apps.products.api.serializers import (
    DeprecationInput,
    EndpointChange,
    EndpointInput,
    EndpointQuery,
    EndpointSerializer,
    MovedSerializer,
    MoveInput,
)
from apps.products.models import Endpoint, Product

TAG = "Products"
READ, WRITE = TokenScope.PRODUCTS_READ, TokenScope.PRODUCTS_WRITE
EXAMPLE = {
    "method": "GET", "path": "/forecast/{city}", "tier": "free", "weight": 1,
    "operation": {"summary": "The forecast of a city"},
}  # fmt: skip


class EndpointsView(ProductView):
    @operation(
        "listEndpoints", "List the endpoints of a product", tag=TAG, scope=READ,
        query=EndpointQuery, answer=EndpointSerializer, ordering=("path", "method", "id"),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[Endpoint]:
        return selectors.search_endpoints(self.product, search=self.query.get("search", ""))

    @operation(
        "createEndpoint", "Add an endpoint", tag=TAG, scope=WRITE,
        body=EndpointInput, answer=EndpointSerializer, status=201, examples={"request": EXAMPLE},
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Endpoint:
        product = self.product
        return services.add_endpoint(actor=self.actor, product=product, **_with_tier(product, self.body))


class MoveView(ProductView):
    @operation(
        "moveEndpoints", "Move endpoints to another tier", tag=TAG, scope=WRITE,
        description="All of them, or, where one is not the product's, none.",
        body=MoveInput, answer=MovedSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> dict[str, int]:
        product = self.product
        tier = selectors.choose_tier(product, slug=self.body["tier"])
        moved = services.move_endpoints(actor=self.actor, product=product, endpoints=self.body["endpoints"], tier=tier)
        return {"moved": moved}


class EndpointView(ProductView):
    @property
    def endpoint(self) -> Endpoint:
        return selectors.get_endpoint(self.product, public_id=self.kwargs["endpoint_id"])


class EndpointDetailView(EndpointView):
    @operation("getEndpoint", "Show an endpoint", tag=TAG, scope=READ, answer=EndpointSerializer)
    def get(self, request: Request, product_id: str, endpoint_id: str) -> Endpoint:
        return self.endpoint

    @operation(
        "updateEndpoint", "Change an endpoint", tag=TAG, scope=WRITE,
        description="What is left out stays as it is. The gateway follows within seconds.",
        body=EndpointChange, answer=EndpointSerializer, errors=(409,),
    )  # fmt: skip
    def patch(self, request: Request, product_id: str, endpoint_id: str) -> Endpoint:
        endpoint = self.endpoint
        kept = {
            name: getattr(endpoint, name) for name in ("method", "path", "tier", "weight", "max_units", "upstream_path")
        }
        # A backend path that was the path goes on following it.
        if "path" in self.body and endpoint.upstream_path == endpoint.path:
            kept["upstream_path"] = ""
        change = kept | _with_tier(endpoint.product, self.body)
        return services.update_endpoint(actor=self.actor, endpoint=endpoint, **change)

    @operation(
        "deleteEndpoint", "Remove an endpoint", tag=TAG, scope=WRITE,
        description="The gateway answers 404 from now on. Its usage stays.", status=204,
    )  # fmt: skip
    def delete(self, request: Request, product_id: str, endpoint_id: str) -> None:
        services.remove_endpoint(actor=self.actor, endpoint=self.endpoint)


class DeprecateView(EndpointView):
    @operation(
        "deprecateEndpoint", "Mark an endpoint as deprecated", tag=TAG, scope=WRITE,
        description="Callers are told in headers of every answer of the backend. It works as before.",
        body=DeprecationInput, answer=EndpointSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, endpoint_id: str) -> Endpoint:
        return services.deprecate_endpoint(
            actor=self.actor, endpoint=self.endpoint, sunset_at=self.body.get("sunset_at")
        )


class UndeprecateView(EndpointView):
    @operation(
        "undeprecateEndpoint", "Take the deprecation of an endpoint back", tag=TAG, scope=WRITE,
        body=Empty, answer=EndpointSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, endpoint_id: str) -> Endpoint:
        return services.undeprecate_endpoint(actor=self.actor, endpoint=self.endpoint)


def _with_tier(product: Product, body: dict[str, Any]) -> dict[str, Any]:
    """The body with the tier that its slug names. Raises `Invalid`."""
    if "tier" not in body:
        return body
    return body | {"tier": selectors.choose_tier(product, slug=body["tier"])}
