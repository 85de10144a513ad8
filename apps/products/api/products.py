"""The products of one's own organization."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.products import selectors, services
from apps.products.api.base import ProductView
from apps.products.api.serializers import (
    LifecycleInput,
    ProductChange,
    ProductInput,
    ProductQuery,
    ProductSerializer,
    ProxySecretSerializer,
    RetirementInput,
)
from apps.products.models import Product

TAG = "Products"
READ, WRITE = TokenScope.PRODUCTS_READ, TokenScope.PRODUCTS_WRITE
EXAMPLE = {
    "name": "Weather", "slug": "weather", "upstream_url": "https://api.weather.example.com/v1",
    "tagline": "Forecasts for every city", "description": "Hourly forecasts, ten days ahead.",
}  # fmt: skip


class ProductsView(OrganizationView):
    @operation(
        "listProducts", "List your products", tag=TAG, scope=READ,
        query=ProductQuery, answer=ProductSerializer, ordering="order",
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Product]:
        products = selectors.list_products(self.actor).select_related("category")
        return products.filter(status=self.query["status"]) if "status" in self.query else products

    @operation(
        "createProduct", "Create a product", tag=TAG, scope=WRITE,
        description="A draft with one tier, `free`. Add endpoints and a plan, then publish it.",
        body=ProductInput, answer=ProductSerializer, status=201, examples={"request": EXAMPLE},
    )  # fmt: skip
    def post(self, request: Request) -> Product:
        return services.create_product(actor=self.actor, **self.body)


class ProductDetailView(ProductView):
    @operation("getProduct", "Show one of your products", tag=TAG, scope=READ, answer=ProductSerializer)
    def get(self, request: Request, product_id: str) -> Product:
        return self.product

    @operation(
        "updateProduct", "Change a product", tag=TAG, scope=WRITE,
        description="What is left out stays as it is. The gateway follows within seconds.",
        body=ProductChange, answer=ProductSerializer,
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, product_id: str) -> Product:
        product, change = self.product, dict(self.body)
        if "billable_statuses" in change:
            statuses = change.pop("billable_statuses")
            product = services.set_billable_statuses(actor=self.actor, product=product, statuses=statuses)
        if "total_seconds" in change:
            change["total_seconds"] = change["total_seconds"] or 0  # no limit
        kept = {name: getattr(product, name) for name in ("name", "upstream_url", "tagline", "description")}
        return services.update_product(actor=self.actor, product=product, **(kept | change)) if change else product


class PublishView(ProductView):
    @operation(
        "publishProduct", "Publish a product", tag=TAG, scope=WRITE,
        description="Lists it in the marketplace. Once more is no error; 409 says what is missing.",
        body=Empty, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.publish_product(actor=self.actor, product=self.product)


class UnpublishView(ProductView):
    @operation(
        "unpublishProduct", "Take a product off the marketplace", tag=TAG, scope=WRITE,
        description="No new subscriptions; existing ones go on.",
        body=Empty, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.unpublish_product(actor=self.actor, product=self.product)


class DeprecateView(ProductView):
    @operation(
        "deprecateProduct", "Mark a product as deprecated", tag=TAG, scope=WRITE,
        description="Consumers are told, on its page and in a header of each answer of its backend. It works on.",
        body=LifecycleInput, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.deprecate_product(actor=self.actor, product=self.product, **self.body)


class UndeprecateView(ProductView):
    @operation(
        "undeprecateProduct", "Take the deprecation of a product back", tag=TAG, scope=WRITE,
        body=Empty, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.undeprecate_product(actor=self.actor, product=self.product)


class RetireView(ProductView):
    @operation(
        "retireProduct", "End a product", tag=TAG, scope=WRITE,
        description="At once where nobody is subscribed, else at a date that is far enough away.",
        body=RetirementInput, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.retire_product(actor=self.actor, product=self.product, **self.body)


class KeepView(ProductView):
    @operation(
        "callOffRetirement", "Let a product go on that was to end", tag=TAG, scope=WRITE,
        body=Empty, answer=ProductSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.call_off_retirement(actor=self.actor, product=self.product)


class ProxySecretView(ProductView):
    @operation(
        "prepareProxySecret", "Prepare the next proxy secret", tag=TAG, scope=WRITE,
        description="Calls are signed with it and with the current one until it is activated or discarded, so that the "
        "backend can change in between. 409 where one is prepared.",
        body=Empty, answer=ProxySecretSerializer, secrets=["proxy_secret"], status=201,
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> dict[str, Any]:
        return {"proxy_secret": services.prepare_proxy_secret(actor=self.actor, product=self.product)}


class ActivateSecretView(ProductView):
    @operation(
        "activateProxySecret", "Activate the next proxy secret", tag=TAG, scope=WRITE,
        description="It is what `X-ApiFactory-Proxy-Secret` says from now on. The current one ends at once.",
        body=Empty, answer=ProductSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.activate_proxy_secret(actor=self.actor, product=self.product)


class DiscardSecretView(ProductView):
    @operation(
        "discardProxySecret", "Discard the next proxy secret", tag=TAG, scope=WRITE,
        description="The current one stays.", body=Empty, answer=ProductSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Product:
        return services.discard_proxy_secret(actor=self.actor, product=self.product)
