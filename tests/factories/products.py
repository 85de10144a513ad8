"""Products with the tier and the endpoints that a plan and a call need."""

import factory

from apps.products.enums import Method, ProductStatus, SupportKind
from apps.products.models import (
    Category,
    ChangelogEntry,
    Endpoint,
    FaqEntry,
    OpenApiImport,
    Product,
    SupportChannel,
    Tier,
)
from tests.factories.accounts import OrganizationFactory


class CategoryFactory(factory.django.DjangoModelFactory[Category]):
    """The standard ones are there already, unless a test of transactions has emptied the tables."""

    class Meta:
        model = Category
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda number: f"category-{number}")
    name = factory.LazyAttribute(lambda category: category.slug.capitalize())


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


class ChangelogEntryFactory(factory.django.DjangoModelFactory[ChangelogEntry]):
    """A draft; one that is published was announced where a test says so."""

    class Meta:
        model = ChangelogEntry

    product = factory.SubFactory(ProductFactory)
    title = factory.Sequence(lambda number: f"Change {number}")


class FaqEntryFactory(factory.django.DjangoModelFactory[FaqEntry]):
    class Meta:
        model = FaqEntry

    product = factory.SubFactory(ProductFactory)
    question = factory.Sequence(lambda number: f"Question {number}?")
    answer = "Yes."
    position = factory.Sequence(lambda number: number % 32_000)


class SupportChannelFactory(factory.django.DjangoModelFactory[SupportChannel]):
    class Meta:
        model = SupportChannel

    product = factory.SubFactory(ProductFactory)
    kind = SupportKind.EMAIL
    value = factory.Sequence(lambda number: f"help-{number}@example.com")
    position = factory.Sequence(lambda number: number % 32_000)


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
