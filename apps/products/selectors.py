"""Reads of products: the marketplace's, which everybody may see, and the creator's own."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.rows import first_or_not_found
from apps.core.slugs import free_slug, slug_from
from apps.core.values import words_of
from apps.products.models import Category, Endpoint, OpenApiImport, Product, Tier


def list_listed_products(*, search: str = "") -> QuerySet[Product]:
    """Published products, newest first, with their creators."""
    products = Product.objects.listed().select_related("organization").order_by("-published_at", "-id")
    for word in words_of(search):
        products = products.filter(
            Q(name__icontains=word) | Q(tagline__icontains=word) | Q(organization__name__icontains=word)
        )
    return products


def list_products(actor: Actor) -> QuerySet[Product]:
    """The products of the actor's organization, newest first."""
    actor.require(Action.VIEW)
    return Product.objects.filter(organization=actor.organization).order_by("-created_at", "-id")


def get_product(actor: Actor, *, slug: str) -> Product:
    """A product of the actor's organization, with its tiers. Raises `NotFound`."""
    return first_or_not_found(
        list_products(actor).select_related("organization").prefetch_related("tiers").filter(slug=slug)
    )


def get_own_product(actor: Actor, *, public_id: str) -> Product:
    """A product of the actor's organization. Raises `NotFound`."""
    return first_or_not_found(
        list_products(actor).select_related("organization", "category").filter(public_id=public_id)
    )


def list_categories() -> QuerySet[Category]:
    """The shelves of the marketplace, in the order that staff gave them."""
    return Category.objects.all()


def find_in_catalog(*, search: str = "", category: str | None = None, tag: str | None = None) -> QuerySet[Product]:
    """Published products with these words, in the category with this slug, with this tag."""
    products = list_listed_products(search=search).select_related("organization", "category")
    products = products.filter(published_at__isnull=False)  # pages go by it
    if category is not None:
        products = products.filter(category__slug=category)
    if tag is not None:
        products = products.filter(tags__contains=[tag.lower()])
    return products


def get_in_catalog(*, slug: str) -> Product:
    """A published product with its tiers. Raises `NotFound`."""
    return first_or_not_found(find_in_catalog().prefetch_related("tiers").filter(slug=slug))


def list_endpoints(product: Product) -> QuerySet[Endpoint]:
    """The routes that a product has now, by path."""
    return product.endpoints.current().select_related("tier").order_by("path", "method")


def get_endpoint(product: Product, *, public_id: str) -> Endpoint:
    """A route that the product has now. Raises `NotFound`."""
    return first_or_not_found(list_endpoints(product).filter(public_id=public_id))


def get_tier(product: Product, *, slug: str) -> Tier:
    """A tier of the product. Raises `NotFound`."""
    return first_or_not_found(Tier.objects.filter(product=product, slug=slug))


def count_endpoints(products: Iterable[Product]) -> dict[int, int]:
    """How many endpoints each of these products has, by the product's primary key."""
    rows = Endpoint.objects.current().filter(product__in=products).order_by().values("product")
    return {row["product"]: row["count"] for row in rows.annotate(count=Count("pk"))}


def count_endpoints_by_rank(product: Product) -> dict[int, int]:
    """How many endpoints of the product require the tier of each rank."""
    rows = product.endpoints.current().order_by().values("tier__rank")
    return {row["tier__rank"]: row["count"] for row in rows.annotate(count=Count("pk"))}


def search_endpoints(product: Product, *, search: str = "") -> QuerySet[Endpoint]:
    """The endpoints whose method, path or summary has every word of the search."""
    endpoints = list_endpoints(product)
    for word in words_of(search):
        endpoints = endpoints.filter(
            Q(path__icontains=word) | Q(method__iexact=word) | Q(operation__summary__icontains=word)
        )
    return endpoints


def find_endpoint(product: Product, *, public_id: str) -> Endpoint | None:
    """A route that the product has or once had."""
    return product.endpoints.filter(public_id=public_id).first()


def count_endpoints_by_tier(product: Product) -> dict[int, int]:
    """How many endpoints, removed ones among them, require each tier of the product, by the tier's primary key."""
    rows = Endpoint.objects.filter(product=product).order_by().values("tier").annotate(count=Count("pk"))
    return {row["tier"]: row["count"] for row in rows}


def suggest_slug(name: str) -> str:
    """An address made of the name, which no product has yet."""
    slug = slug_from(name, fallback="product")
    return free_slug(slug, set(Product.objects.filter(slug__startswith=slug[:30]).values_list("slug", flat=True)))


def list_imports(product: Product) -> QuerySet[OpenApiImport]:
    """The documents that were read for the product, newest first, without what stands in them."""
    return product.imports.defer("document").select_related("created_by").order_by("-created_at", "-id")


def get_import(product: Product, *, public_id: str) -> OpenApiImport:
    """A document that was read for the product. Raises `NotFound`."""
    return first_or_not_found(product.imports.select_related("product", "created_by").filter(public_id=public_id))
