"""What the list of the marketplace is narrowed to and sorted by, as its address says."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.plans.catalogue import Price, filter_by_price
from apps.portal.query import chosen, searched
from apps.products.models import Category, Product
from apps.products.search import Sort
from apps.products.selectors import list_listed_products
from apps.products.tags import normalized_tag

PRICES: dict[str, str | Promise] = {Price.FREE: lazy("With a free plan"), Price.PAID: lazy("Paid only")}
SORTS: dict[str, str | Promise] = {
    Sort.RELEVANCE: lazy("Best match"),
    Sort.NEWEST: lazy("Newest"),
    Sort.NAME: lazy("Name"),
    Sort.SUBSCRIBERS: lazy("Most subscribers"),
}


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address without it."""

    name: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class Browsing:
    """What somebody looks for; what is empty does not filter."""

    search: str
    category: Category | None
    tag: str
    price: str
    sort: str

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.category or self.tag or self.price)

    @property
    def sorts(self) -> dict[str, str | Promise]:
        """What the list can be sorted by now, the usual order first."""
        return {name: label for name, label in SORTS.items() if self.search or name != Sort.RELEVANCE}

    def products(self) -> QuerySet[Product]:
        found = list_listed_products(
            search=self.search,
            category=self.category.slug if self.category else "",
            tag=self.tag,
            sort=self.sort,
        )
        return filter_by_price(found, self.price)

    def chips(self) -> list[Chip]:
        set_filters = {
            "category": (_("Category"), self.category.name if self.category else ""),
            "tag": (_("Tag"), self.tag),
            "price": (_("Price"), str(PRICES.get(self.price, ""))),
        }
        return [
            Chip(name, value, self._url_without(parameter)) for parameter, (name, value) in set_filters.items() if value
        ]

    def _url_without(self, parameter: str) -> str:
        query = {
            "q": self.search,
            "category": self.category.slug if self.category else "",
            "tag": self.tag,
            "price": self.price,
            "sort": self.sort,
        }
        return "?" + urlencode({name: value for name, value in query.items() if value and name != parameter})


def read_browsing(request: HttpRequest, categories: list[Category]) -> Browsing:
    """A filter that does not exist filters nothing."""
    by_slug = {category.slug: category for category in categories}
    tag = " ".join(request.GET.get("tag", "")[:100].replace("\x00", "").split())
    return Browsing(
        search=searched(request),
        category=by_slug.get(request.GET.get("category", "")),
        tag=normalized_tag(tag.encode("utf-8", "ignore").decode()),
        price=chosen(request, "price", PRICES),
        sort=chosen(request, "sort", SORTS),
    )
