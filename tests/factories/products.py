"""Products with the tier and the endpoints that a plan and a call need."""

import factory

from apps.products.enums import Method, ProductStatus
from apps.products.models import Endpoint, OpenApiImport, Product, Tier
from tests.factories.accounts import OrganizationFactory


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    class Meta:
        model = Product

    organization = factory.SubFactory(OrganizationFactory)
    slug = factory.Sequence(lambda number: f"product-{number}")
    name = factory.Sequence(lambda number: f"Product {number}")
    status = ProductStatus.PUBLISHED
    upstream_url = "https://backend.example.com"


class TierFactory(factory.django.DjangoModelFactory[Tier]):
    class Meta:
        model = Tier

    product = factory.SubFactory(ProductFactory)
    slug = factory.Sequence(lambda number: f"tier-{number}")
    name = factory.Sequence(lambda number: f"Tier {number}")
    rank = factory.Sequence(lambda number: number % 32_000)


class EndpointFactory(factory.django.DjangoModelFactory[Endpoint]):
    class Meta:
        model = Endpoint

    tier = factory.SubFactory(TierFactory)
    product = factory.SelfAttribute("tier.product")
    method = Method.GET
    path = factory.Sequence(lambda number: f"/resource-{number}")
    upstream_path = factory.SelfAttribute("path")
    pattern = factory.SelfAttribute("path")


class OpenApiImportFactory(factory.django.DjangoModelFactory[OpenApiImport]):
    """A document with one operation, not applied."""

    class Meta:
        model = OpenApiImport

    product = factory.SubFactory(ProductFactory)
    source = "paste"
    dialect = "3.1"
    title = "Maps"
    version = "2"
    document = {"openapi": "3.1.0", "info": {"title": "Maps"}, "paths": {"/tiles": {"get": {"summary": "A tile"}}}}
