"""The operations of a document as endpoints would have them, and what in it could not be taken over."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.json_values import fault_in
from apps.products.enums import Method
from apps.products.openapi.limits import OPERATION_BYTES_MAX, OPERATION_DEPTH_MAX, PRODUCT_BYTES_MAX
from apps.products.openapi.normalizing import OPERATION_VALUES_MAX, Context, normalize_operation, upgrade_operation
from apps.products.openapi.reading import Document
from apps.products.openapi.references import References
from apps.products.openapi.schema import as_dict, as_list, as_text
from apps.products.openapi.servers import foreign_server
from apps.products.paths import PathTemplate, parse_route

OPERATION_ID_MAX = 200
# How much of the schemas an operation that is too large for its place may write out instead.
_SMALLER = (500, 0)
_WITHOUT_METHOD = frozenset({"summary", "description", "servers", "parameters", "$ref"})
_WARNINGS_MAX = 200


@dataclass(frozen=True, slots=True)
class ImportedOperation:
    """An operation as the document has it: `operation` is an Operation Object of 3.1 that stands alone."""

    method: str
    template: PathTemplate
    operation_id: str
    operation: dict[str, Any]

    @property
    def path(self) -> str:
        return self.template.text

    @property
    def pattern(self) -> str:
        return self.template.pattern

    @property
    def is_deprecated(self) -> bool:
        return self.operation.get("deprecated") is True

    @property
    def summary(self) -> str:
        return as_text(self.operation.get("summary"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that will not be as the document says. `place` is an operation or path, or empty for all of it."""

    place: str
    text: str


@dataclass(slots=True)
class Contents:
    operations: list[ImportedOperation] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def warn(self, place: str, text: str) -> None:
        if len(self.warnings) < _WARNINGS_MAX:
            self.warnings.append(Remark(place, text))


def read_operations(document: Document) -> Contents:
    """Every operation of the document that the gateway can route, in the document's order."""
    reader = _Reader(document)
    for path, item in as_dict(document.content.get("paths")).items():
        if not path.startswith("x-"):
            reader.read_path(path, item)
    reader.finish()
    return reader.contents


def describes_operations(document: Document) -> bool:
    """Whether there is anything to import: a path with a method, or with a reference to where its methods are."""
    items = [as_dict(item) for path, item in as_dict(document.content.get("paths")).items() if path[:2] != "x-"]
    return any("$ref" in item or any(key.upper() in Method.values for key in item) for item in items)


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.bytes_left = PRODUCT_BYTES_MAX
        self.contents = Contents()
        self.context = Context(References(document.content))
        self.routes: set[tuple[str, str]] = set()
        self.operation_ids: set[str] = set()

    def read_path(self, path: str, given: Any) -> None:
        item = self._whole_item(path, given)
        operations = list(self._operations(path, item))
        if not operations:
            return
        try:
            template = parse_route(path)
        except Invalid as error:
            for method, _operation in operations:
                self.contents.warn(f"{method} {path[:200]}", _("Left out. %(reason)s") % {"reason": error.message})
            return
        self._warn_of_servers(path, item)
        for method, operation in operations:
            if (method, template.pattern) in self.routes:
                self.contents.warn(f"{method} {path}", _("Left out: another operation matches the same paths."))
                continue
            self.routes.add((method, template.pattern))
            self._warn_of_servers(f"{method} {path}", operation)
            self.contents.operations.append(
                ImportedOperation(
                    method=method,
                    template=template,
                    operation_id=self._operation_id(f"{method} {path}", operation),
                    operation=self._normalized(f"{method} {path}", operation, item, template),
                )
            )

    def finish(self) -> None:
        """What concerns the document as a whole."""
        content = self.document.content
        for reference in self.context.references.dangling:
            self.contents.warn("", _("The reference “%(target)s” points to nothing.") % {"target": reference[:200]})
        if self.context.in_document <= 0 or self.bytes_left < OPERATION_BYTES_MAX:
            self.contents.warn("", _("The schemas repeat so often that some are shown by their name only."))
        if webhooks := len(as_dict(content.get("webhooks"))):
            self.contents.warn("", _("Webhooks are not imported (%(number)d).") % {"number": webhooks})
        schemes = as_dict(as_dict(content.get("components")).get("securitySchemes"))
        if names := sorted({**schemes, **as_dict(content.get("securityDefinitions"))}):
            self.contents.warn(
                "",
                _(
                    "The backend asks for credentials of its own (%(names)s). Consumers call with their key of the "
                    "gateway, which is not sent on: let the backend trust the proxy secret of the product instead."
                )
                % {"names": ", ".join(names)[:200]},
            )

    def _whole_item(self, path: str, given: Any) -> dict[str, Any]:
        """The Path Item Object; what stands beside a reference wins over what it refers to."""
        item = as_dict(given)
        if not isinstance(item.get("$ref"), str):
            return item
        target = self.context.follow(item)
        if not target:
            self.contents.warn(path[:200], _("Left out: its reference points to nothing, or in a circle."))
        return {**target, **{key: part for key, part in item.items() if key != "$ref"}}

    def _operations(self, path: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, operation in item.items():
            method = key.upper()
            if key.islower() and method in Method.values:
                if isinstance(operation, dict):
                    yield method, operation
                else:
                    self.contents.warn(f"{method} {path[:200]}", _("Left out: it is no object."))
            elif key not in _WITHOUT_METHOD and not key.startswith("x-"):
                self.contents.warn(
                    f"{method[:20]} {path[:200]}", _("Left out: the gateway does not route this method.")
                )

    def _warn_of_servers(self, place: str, holder: dict[str, Any]) -> None:
        if url := foreign_server(self.document, holder):
            self.contents.warn(
                place,
                _("The document has it served by %(url)s. Calls go to the product's backend like all others.")
                % {"url": url[:200]},
            )

    def _operation_id(self, place: str, operation: dict[str, Any]) -> str:
        found = as_text(operation.get("operationId")).strip()
        if len(found) > OPERATION_ID_MAX or not found.isprintable():
            return ""
        if found in self.operation_ids:
            self.contents.warn(place, _("Its operationId “%(id)s” stands in the document twice.") % {"id": found})
            return ""
        if found:
            self.operation_ids.add(found)
        return found

    def _normalized(
        self, place: str, raw: dict[str, Any], item: dict[str, Any], template: PathTemplate
    ) -> dict[str, Any]:
        for values in (OPERATION_VALUES_MAX, *_SMALLER):
            self.context.begin_operation(values)
            operation = self._written_out(raw, item, template)
            size = _size(operation)
            if size is not None and size <= self.bytes_left:
                self.bytes_left -= size
                return operation
        self.contents.warn(place, _("Its documentation is too large: only its summary is taken over."))
        return normalize_operation(
            {"summary": as_text(raw.get("summary"))[:300]}, self.context, path_parameters=template.parameters
        )

    def _written_out(self, raw: dict[str, Any], item: dict[str, Any], template: PathTemplate) -> dict[str, Any]:
        shared = as_list(item.get("parameters"))
        if self.document.dialect == "2.0":
            raw = upgrade_operation(raw, self.context, document=self.document.content, shared_parameters=shared)
            shared = []
        return normalize_operation(raw, self.context, path_parameters=template.parameters, shared_parameters=shared)


def _size(operation: dict[str, Any]) -> int | None:
    """Bytes of the operation as JSON; None where it is larger or deeper than one may be."""
    if fault_in(operation, deepest=OPERATION_DEPTH_MAX, most_values=OPERATION_BYTES_MAX):
        return None
    size = len(json.dumps(operation, ensure_ascii=False).encode())
    return size if size <= OPERATION_BYTES_MAX else None
