"""Products with the tier and the endpoints that a plan and a call need."""

import factory

from apps.products.enums import Method, ProductStatus
from apps.products.models import Endpoint, Product, Tier
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
