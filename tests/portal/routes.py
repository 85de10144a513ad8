"""The addresses that the portal has, as the URLconf has them."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def routes_of(*modules: str) -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page whose view is in one of these packages."""
    return sorted(_walk(get_resolver().url_patterns, (), modules))


def _walk(
    patterns: list[Any], outer: tuple[str, ...], modules: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        parameters = (*outer, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, parameters, modules)
        elif isinstance(pattern, URLPattern) and (pattern.callback.__module__ or "").startswith(modules):
            assert pattern.name
            yield pattern.name, parameters
