"""What a word of a search stands for in other tables."""

from collections.abc import Callable, Iterable

Synonyms = Callable[[str], Iterable[str]]

_synonyms: list[Synonyms] = []


def also_means(find: Synonyms) -> Synonyms:
    """Register what says under which texts other tables keep what a word names, such as an invoice by its number."""
    _synonyms.append(find)
    return find


def meanings(word: str) -> list[str]:
    """The word itself, and what else it stands for."""
    return [word, *(text for find in _synonyms for text in find(word))]
