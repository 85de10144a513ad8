"""What a document would change: its operations beside the endpoints that a product has. Pure: nothing is written.

An operation is the endpoint of the same method and pattern of paths; else the one that the creator put at another
path but that calls this path at the backend; else the one of the same operationId, whose route has changed; else,
where neither has one, the only one of the same method with the same words and description.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.errors import Invalid
from apps.products.enums import EndpointPart
from apps.products.models import Endpoint
from apps.products.openapi.operations import Contents, ImportedOperation, Remark
from apps.products.openapi.schema import as_dict, as_list
from apps.products.paths import PathTemplate, check_upstream_path, parse_template

_PART_OF_KEY = {
    "summary": EndpointPart.SUMMARY,
    "description": EndpointPart.DESCRIPTION,
    "tags": EndpointPart.TAGS,
    "parameters": EndpointPart.PARAMETERS,
    "requestBody": EndpointPart.BODY,
    "responses": EndpointPart.RESPONSES,
    "deprecated": EndpointPart.DEPRECATED,
}


@dataclass(frozen=True, slots=True)
class Matched:
    """An endpoint and the operation that describes it from now on; `parts` are those that differ.

    `keeps_route`: the creator gave it a path of their own, which stays.
    """

    endpoint: Endpoint
    operation: ImportedOperation
    parts: tuple[EndpointPart, ...]
    keeps_route: bool = False

    @property
    def upstream_path(self) -> str:
        """The path at the backend: the creator's own where there is one and the new path has its parameters."""
        if self.keeps_route:
            return self.endpoint.upstream_path
        own = _moved(self.endpoint, self.operation.template) if self._has_own_upstream_path else None
        return own or self.operation.path

    @property
    def drops_upstream_path(self) -> bool:
        """Whether the creator's own path at the backend cannot stay."""
        if self.keeps_route or not self._has_own_upstream_path:
            return False
        return _moved(self.endpoint, self.operation.template) is None

    @property
    def _has_own_upstream_path(self) -> bool:
        return self.endpoint.upstream_path != self.endpoint.path


@dataclass(frozen=True, slots=True)
class ImportChanges:
    """What applying a document would do. `seen` names the state of the endpoints that it was compared with."""

    added: tuple[ImportedOperation, ...]
    changed: tuple[Matched, ...]
    renamed: tuple[Matched, ...]
    removed: tuple[Endpoint, ...]  # missing in the document
    unchanged: tuple[Matched, ...]
    warnings: tuple[Remark, ...]
    seen: str

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.renamed or self.removed)


def compare(endpoints: Sequence[Endpoint], contents: Contents) -> ImportChanges:
    """Compare the current endpoints of a product with the operations of a document."""
    pairs = _pairs(endpoints, contents.operations)
    changed: list[Matched] = []
    renamed: list[Matched] = []
    unchanged: list[Matched] = []
    for endpoint, operation in pairs:
        is_same_route = (endpoint.method, endpoint.pattern) == (operation.method, operation.pattern)
        keeps_route = not is_same_route and _is_behind(endpoint, operation)
        matched = Matched(endpoint, operation, _parts(endpoint, operation), keeps_route)
        if not is_same_route and not keeps_route:
            renamed.append(matched)
        else:
            (changed if matched.parts else unchanged).append(matched)
    with_endpoint = {id(operation) for _endpoint, operation in pairs}
    added = [operation for operation in contents.operations if id(operation) not in with_endpoint]
    with_operation = {endpoint.pk for endpoint, _operation in pairs}
    return ImportChanges(
        # The document is kept as JSON of the database, which does not know the order of its paths.
        added=tuple(sorted(added, key=lambda operation: (operation.path, operation.method))),
        changed=tuple(changed),
        renamed=tuple(renamed),
        removed=tuple(endpoint for endpoint in endpoints if endpoint.pk not in with_operation),
        unchanged=tuple(unchanged),
        warnings=tuple(contents.warnings),
        seen=state_of(endpoints),
    )


def state_of(endpoints: Iterable[Endpoint]) -> str:
    """A digest of everything about the endpoints that an import looks at or writes."""
    digest = hashlib.sha256()
    for endpoint in sorted(endpoints, key=lambda one: one.pk):
        row = [
            endpoint.pk, endpoint.method, endpoint.path, endpoint.upstream_path, endpoint.operation_id,
            endpoint.operation, endpoint.deprecated_at is not None,
        ]  # fmt: skip
        digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()[:32]


def _pairs(
    endpoints: Sequence[Endpoint], operations: Sequence[ImportedOperation]
) -> list[tuple[Endpoint, ImportedOperation]]:
    """Each endpoint and each operation once, in the order of the operations."""
    by_route = {(endpoint.method, endpoint.pattern): endpoint for endpoint in endpoints}
    found: dict[int, Endpoint] = {}  # by the place of the operation
    for place, operation in enumerate(operations):
        if endpoint := by_route.get((operation.method, operation.pattern)):
            found[place] = endpoint
    rest = _without(endpoints, found)
    behind = {(endpoint.method, _pattern(endpoint.upstream_path)): endpoint for endpoint in rest}
    for place, operation in enumerate(operations):
        if place not in found and (endpoint := behind.pop((operation.method, operation.pattern), None)):
            found[place] = endpoint
    by_id: dict[str, Endpoint] = {}
    for endpoint in _without(endpoints, found):
        if endpoint.operation_id:
            by_id.setdefault(endpoint.operation_id, endpoint)
    for place, operation in enumerate(operations):
        if place not in found and (endpoint := by_id.pop(operation.operation_id, None)):
            found[place] = endpoint
    told = _told_by_description(_without(endpoints, found), operations, found)
    return [((found | told)[place], operations[place]) for place in sorted(found | told)]


def _told_by_description(
    endpoints: Iterable[Endpoint], operations: Sequence[ImportedOperation], found: Container[int]
) -> dict[int, Endpoint]:
    """By the place of the operation: what is the same but for its path, and the only one of its kind on both sides."""
    left, right = defaultdict(list), defaultdict(list)
    for endpoint in endpoints:
        if not endpoint.operation_id and isinstance(endpoint.operation, dict):
            left[_description(endpoint.method, endpoint.operation)].append(endpoint)
    for place, operation in enumerate(operations):
        if place not in found and not operation.operation_id:
            right[_description(operation.method, operation.operation)].append(place)
    return {
        places[0]: left[text][0]
        for text, places in right.items()
        if text and len(places) == 1 and len(left.get(text, ())) == 1
    }


def _description(method: str, operation: dict[str, Any]) -> str:
    """All that an operation says but the names of its path's parameters; empty where it has no words of its own."""
    if not (operation.get("summary") or operation.get("description")):
        return ""
    parameters = [
        {**parameter, "name": ""} if as_dict(parameter).get("in") == "path" else parameter
        for parameter in as_list(operation.get("parameters"))
    ]
    return f"{method} {json.dumps({**operation, 'parameters': parameters}, sort_keys=True)}"


def _without(endpoints: Iterable[Endpoint], found: dict[int, Endpoint]) -> list[Endpoint]:
    taken = {endpoint.pk for endpoint in found.values()}
    return [endpoint for endpoint in endpoints if endpoint.pk not in taken]


def _is_behind(endpoint: Endpoint, operation: ImportedOperation) -> bool:
    return endpoint.method == operation.method and _pattern(endpoint.upstream_path) == operation.pattern


def _pattern(path: str) -> str:
    try:
        return parse_template(path).pattern
    except Invalid:
        return ""


def _parts(endpoint: Endpoint, operation: ImportedOperation) -> tuple[EndpointPart, ...]:
    current: dict[str, Any] = endpoint.operation if isinstance(endpoint.operation, dict) else {}
    keys = [*_PART_OF_KEY, *sorted((current.keys() | operation.operation.keys()) - _PART_OF_KEY.keys())]
    parts = [
        _PART_OF_KEY.get(key, EndpointPart.OTHER) for key in keys if current.get(key) != operation.operation.get(key)
    ]
    if endpoint.operation_id != operation.operation_id:
        parts.insert(0, EndpointPart.OPERATION_ID)
    if endpoint.path != operation.path and endpoint.pattern == operation.pattern:
        parts.insert(0, EndpointPart.PATH)
    return tuple(dict.fromkeys(parts))


def _moved(endpoint: Endpoint, template: PathTemplate) -> str | None:
    """The creator's own path at the backend with the parameters of the new path; None where they do not fit."""
    previous = parse_template(endpoint.path).parameters
    upstream = parse_template(endpoint.upstream_path)
    names = {name: name for name in previous}
    if not set(upstream.parameters) <= set(template.parameters) and len(previous) == len(template.parameters):
        names = dict(zip(previous, template.parameters, strict=True))  # renamed, each in its place
    text = "/" + "/".join(
        segment.prefix
        if segment.parameter is None
        else f"{segment.prefix}{{{names[segment.parameter]}}}{segment.suffix}"
        for segment in upstream.segments
    )
    try:
        return check_upstream_path(text, template).text
    except Invalid:
        return None
