"""Reads of products: the marketplace's, which everybody may see, and the creator's own."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Invalid, NotFound
from apps.core.rows import first_or_not_found
from apps.core.slugs import free_slug, slug_from
from apps.core.values import words_of
from apps.products.enums import Method, ProductStatus
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
from apps.products.search import Sort, by_relevance, in_order, search_query
from apps.products.tags import normalized_tag

# So long before the end of a product, its subscribers are reminded of it.
REMINDED_BEFORE = dt.timedelta(days=3)


def list_listed_products(*, search: str = "", category: str = "", tag: str = "", sort: str = "") -> QuerySet[Product]:
    """Published products with their creators and categories, as everybody may see them.

    `search` wants every word, the last one also as the beginning of one; `category` is a slug, `tag` a tag; what is
    empty does not filter. `sort` is a `Sort`; by default the best match first, without a search the newest.
    """
    products = Product.objects.listed().select_related("organization", "category")
    if category:
        products = products.filter(category__slug=category)
    if tag:
        products = products.filter(tags__contains=[normalized_tag(tag)])
    if not search:
        return in_order(products, sort if sort in Sort.without_search() else Sort.NEWEST)
    query = search_query(search)
    if query is None:
        return products.none()
    products = products.filter(search_entry__document=query)
    if sort in Sort.without_search():
        return in_order(products, sort)
    return by_relevance(products, search, query)


def list_categories() -> QuerySet[Category]:
    """The shelves of the marketplace, in the order that staff gave them."""
    return Category.objects.order_by("position", "name")


def find_category(slug: str) -> Category | None:
    return Category.objects.filter(slug=slug).first()


def list_products(actor: Actor) -> QuerySet[Product]:
    """The products of the actor's organization, newest first."""
    actor.require(Action.VIEW)
    return Product.objects.filter(organization=actor.organization).order_by("-created_at", "-id")


def has_products(actor: Actor) -> bool:
    """Whether the actor's organization sells something, or prepares to."""
    return list_products(actor).exists()


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


def find_in_catalog(*, search: str = "", category: str = "", tag: str = "") -> QuerySet[Product]:
    """The same for programs, who go through them in pages by `published_at` or by name."""
    return list_listed_products(search=search, category=category, tag=tag).filter(published_at__isnull=False)


def get_in_catalog(*, slug: str) -> Product:
    """A published product with its tiers. Raises `NotFound`."""
    return first_or_not_found(find_in_catalog().prefetch_related("tiers").filter(slug=slug))


def list_endpoints(product: Product) -> QuerySet[Endpoint]:
    """The routes that a product has now, by path."""
    return product.endpoints.current().select_related("tier").order_by("path", "method")


def get_endpoint(product: Product, *, public_id: str) -> Endpoint:
    """A route that the product has now. Raises `NotFound`."""
    return first_or_not_found(list_endpoints(product).filter(public_id=public_id))


def find_simplest_get(product: Product) -> Endpoint | None:
    """A route to show a first call with: by GET, of the lowest tier, if possible without parameters in its path."""
    calls = list_endpoints(product).filter(method=Method.GET, deprecated_at__isnull=True)
    takes_parameters = ExpressionWrapper(Q(path__contains="{"), BooleanField())
    return calls.order_by("tier__rank", takes_parameters, "path", "pk").first()


def get_tier(product: Product, *, slug: str) -> Tier:
    """A tier of the product. Raises `NotFound`."""
    return first_or_not_found(Tier.objects.filter(product=product, slug=slug))


def choose_tier(product: Product, *, slug: str) -> Tier:
    """The same where the tier is a choice of a form or a document. Raises `Invalid` with the field `tier`."""
    try:
        return get_tier(product, slug=slug)
    except NotFound:
        raise Invalid(_("Choose one of the product's tiers."), field="tier") from None


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


def list_changelog(product: Product) -> QuerySet[ChangelogEntry]:
    """What everybody may read, the newest first."""
    return product.changelog.filter(published_at__isnull=False).order_by("-published_at", "-id")


def list_all_changelog_entries(product: Product) -> QuerySet[ChangelogEntry]:
    """The creator's own view: drafts first, then what is published, each the newest first."""
    return product.changelog.order_by(F("published_at").desc(nulls_first=True), "-id")


def get_changelog_entry(product: Product, *, public_id: str) -> ChangelogEntry:
    """An entry of the product, draft or not. Raises `NotFound`."""
    return first_or_not_found(product.changelog.select_related("product").filter(public_id=public_id))


def list_faq(product: Product) -> QuerySet[FaqEntry]:
    """The questions in the creator's order."""
    return product.faq.order_by("position", "id")


def get_faq_entry(product: Product, *, public_id: str) -> FaqEntry:
    """A question of the product. Raises `NotFound`."""
    return first_or_not_found(product.faq.select_related("product").filter(public_id=public_id))


def list_support_channels(product: Product) -> QuerySet[SupportChannel]:
    """All channels with their tiers, in the creator's order; who may see which is for the caller to decide."""
    return product.support_channels.select_related("tier").order_by("position", "id")


def get_support_channel(product: Product, *, public_id: str) -> SupportChannel:
    """A channel of the product. Raises `NotFound`."""
    return first_or_not_found(product.support_channels.select_related("product", "tier").filter(public_id=public_id))


def list_retirements_due(now: dt.datetime) -> list[int]:
    """The primary keys of products whose end has come."""
    return list(_retiring().filter(retires_at__lte=now).order_by("retires_at").values_list("pk", flat=True))


def list_reminders_due(now: dt.datetime) -> list[int]:
    """Those whose subscribers know of the end and are to be reminded of it now."""
    near = _retiring().filter(retires_at__lte=now + REMINDED_BEFORE, retires_at__gt=now)
    waiting = near.filter(retirement_announced_at__isnull=False, retirement_reminded_at__isnull=True)
    return list(waiting.order_by("retires_at").values_list("pk", flat=True))


def list_unannounced_retirements() -> list[int]:
    """Those whose subscribers do not know yet how things stand: that it ends, or that it does not."""
    ends = Q(retires_at__isnull=False, retirement_announced_at__isnull=True)
    stays = Q(retires_at__isnull=True, retirement_announced_at__isnull=False)
    found = Product.objects.exclude(status=ProductStatus.RETIRED).filter(ends | stays)
    return list(found.order_by("pk").values_list("pk", flat=True))


def list_unannounced_changes(before: dt.datetime) -> list[int]:
    """Changelog entries published before then that subscribers were not told of."""
    entries = ChangelogEntry.objects.filter(published_at__lt=before, announced_at__isnull=True)
    return list(entries.order_by("pk").values_list("pk", flat=True))


def _retiring() -> QuerySet[Product]:
    return Product.objects.filter(retires_at__isnull=False).exclude(status=ProductStatus.RETIRED)


def list_imports(product: Product) -> QuerySet[OpenApiImport]:
    """The documents that were read for the product, newest first, without what stands in them."""
    return product.imports.defer("document").select_related("created_by").order_by("-created_at", "-id")


def get_import(product: Product, *, public_id: str) -> OpenApiImport:
    """A document that was read for the product. Raises `NotFound`."""
    return first_or_not_found(product.imports.select_related("product", "created_by").filter(public_id=public_id))
