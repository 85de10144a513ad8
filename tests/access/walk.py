"""Every address that the URLconf of the web process has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.table import ELSEWHERE


@dataclass(frozen=True)
class Route:
    """`model` is the admin's, where the address belongs to one."""

    name: str
    parameters: tuple[str, ...]
    model: type[Model] | None = None
    methods: frozenset[str] = frozenset({"GET", "POST"})

    @property
    def is_elsewhere(self) -> bool:
        return self.name.startswith(tuple(ELSEWHERE))

    @property
    def is_admin(self) -> bool:
        return self.name.startswith("admin:")

    @property
    def is_rest(self) -> bool:
        return self.name.startswith("rest-")

    def url(self, values: dict[str, Any]) -> str:
        """The address with these values of its parameters."""
        return reverse(self.name, kwargs={name: values[name] for name in self.parameters})


def list_routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, "", ()))


def _walk(patterns: list[Any], namespace: str, outer: tuple[str, ...]) -> Iterator[Route]:
    for pattern in patterns:
        parameters = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, inner, parameters)
        elif isinstance(pattern, URLPattern):
            # Only what answers “there is nothing here” has no name: the admin's old addresses, any other below /api/.
            name = pattern.name or "unknown"
            if name != "unknown":
                name = f"{namespace}{name}"
            yield Route(name, parameters, _model_of(name), _methods_of(pattern.callback))


def _model_of(name: str) -> type[Model] | None:
    labels = {f"admin:{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    return labels.get(name.rpartition("_")[0])


def _methods_of(view: Any) -> frozenset[str]:
    """Those that a view of the REST API answers; a page of the portal says so itself when it is asked."""
    shown = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if shown is None:
        return frozenset({"GET", "POST"})
    return frozenset(method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(shown, method))
