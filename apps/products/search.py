"""How the marketplace is searched and sorted: Postgres full text over `SearchEntry` (see migration 0004)."""

import string
from enum import StrEnum

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery, SearchRank
from django.db.models import Case, F, QuerySet, Value, When

from apps.core.values import words_of
from apps.products.models import Product

Query = SearchQuery | CombinedSearchQuery

# As the triggers do with what is searched.
_PUNCTUATION = str.maketrans(string.punctuation, " " * len(string.punctuation))


class Sort(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    NAME = "name"
    SUBSCRIBERS = "subscribers"

    @classmethod
    def without_search(cls) -> frozenset["Sort"]:
        """What a list can be sorted by that nothing was searched in."""
        return frozenset(set(cls) - {cls.RELEVANCE})


_ORDERS = {
    Sort.NEWEST: ("-published_at", "-id"),
    Sort.NAME: ("name", "id"),
    Sort.SUBSCRIBERS: ("-search_entry__subscribers", "-search_entry__product"),
}
# Divides the rank by 1 + the logarithm of the number of words: a short name that matches is more to the point.
_BY_LENGTH = 1


def search_query(search: str) -> Query | None:
    """What every match has: each word by its stem, the last one by its beginning, too. None where there is no word."""
    *whole, last = words_of(search.translate(_PUNCTUATION)) or [""]
    if not last:
        return None
    begun = SearchQuery(f"{last}:*", config="simple", search_type="raw") | _stemmed(last)
    return _stemmed(" ".join(whole)) & begun if whole else begun


def by_relevance(products: QuerySet[Product], search: str, query: Query) -> QuerySet[Product]:
    """The product of exactly this name first, then where the words weigh most, then what has most subscribers."""
    named = Case(When(name__iexact=" ".join(words_of(search)), then=Value(1)), default=Value(0))
    rank = SearchRank(F("search_entry__head"), query, normalization=Value(_BY_LENGTH))
    return products.alias(named=named, rank=rank).order_by(
        "-named", "-rank", "-search_entry__subscribers", "-published_at", "-id"
    )


def in_order(products: QuerySet[Product], sort: str) -> QuerySet[Product]:
    return products.order_by(*_ORDERS[Sort(sort)])


def _stemmed(text: str) -> SearchQuery:
    """Words that say nothing in English (“the”, “of”) drop out by themselves."""
    return SearchQuery(text, config="english", search_type="plain")
