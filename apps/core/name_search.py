"""Finding rows by words of a name, in a table of any size."""

import string

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db.models import Q

from apps.core.values import words_of

_PUNCTUATION = str.maketrans(string.punctuation, " " * len(string.punctuation))


def words_index(field: str, *, name: str) -> GinIndex:
    """Answers `words_begin` for this column in a table of any size."""
    return GinIndex(_words_in(field), name=name)


def words_begin(field: str, word: str) -> Q | None:
    """The rows in whose text a word begins like this one, in any case; None where it has no letter or figure."""
    parts = words_of(word.translate(_PUNCTUATION))
    if not parts:
        return None
    query = SearchQuery(" & ".join(f"{part}:*" for part in parts), config="simple", search_type="raw")
    return Q(SearchVectorExact(_words_in(field), query))


def _words_in(field: str) -> SearchVector:
    return SearchVector(field, config="simple")
