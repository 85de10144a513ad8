"""JSON Schema as lines of documentation: what a value is called, its type in words, an example.

A schema comes from a creator's document and may have any shape: whatever is not understood is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.products.openapi.constraints import constraints_of

DEPTH_MAX = 6
FIELDS_MAX = 300
ENUM_SHOWN = 12

_BY_FORMAT: dict[str, str | None] = {
    "binary": None,  # bytes that no text stands for
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "ada@example.com",
    "uuid": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
    "uri": "https://example.com",
    "url": "https://example.com",
    "ipv4": "192.0.2.1",
}
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an object. `depth` is 0 for the outermost; `allowed` lists the values of an enumeration."""

    name: str
    depth: int
    type: str
    required: bool
    description: str
    allowed: tuple[str, ...] = ()
    deprecated: bool = False
    constraints: tuple[str, ...] = ()


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def merged(schema: Any, depth: int = 0) -> dict[str, Any]:
    """The schema with the properties of its `allOf` parts put together."""
    result = dict(as_dict(schema))
    if depth > DEPTH_MAX:
        return result
    for part in [merged(part, depth + 1) for part in as_list(result.pop("allOf", None))]:
        properties = as_dict(result.get("properties")) | as_dict(part.get("properties"))
        required = as_list(result.get("required")) + as_list(part.get("required"))
        result = part | result
        if properties:
            result["properties"], result["required"] = properties, required
    return result


def type_in_words(schema: Any, depth: int = 0) -> str:
    """`string`, `integer (int64)`, `array of string`, `Pet` for a reference; empty where it does not say."""
    schema = merged(schema)
    if reference := as_text(schema.get("$ref")):
        return reference.rsplit("/", 1)[-1]
    names = [as_text(name) for name in as_list(schema.get("type"))] or [as_text(schema.get("type"))]
    if schema.get("nullable") is True:
        names.append("null")
    if names[0] == "" and (choices := as_list(schema.get("oneOf")) or as_list(schema.get("anyOf"))):
        words = [type_in_words(choice, depth + 1) for choice in choices] if depth < DEPTH_MAX else []
        return _(" or ").join(dict.fromkeys(word for word in words if word))
    if names[0] == "":
        names[0] = "object" if "properties" in schema else "array" if "items" in schema else ""
    if names[0] == "array" and depth < DEPTH_MAX:
        items = type_in_words(schema.get("items"), depth + 1)
        names[0] = _("array of %(items)s") % {"items": items} if items else "array"
    elif form := as_text(schema.get("format")):
        names[0] = f"{names[0]} ({form})" if names[0] else form
    return _(" or ").join(name for name in names if name)


def allowed_values(schema: Any) -> tuple[str, ...]:
    """The values of an enumeration, the first few where there are many."""
    schema = merged(schema)
    values = as_list(schema.get("enum")) or as_list(as_dict(schema.get("items")).get("enum"))
    words = [str(value) for value in values if isinstance(value, str | int | float)]
    return (*words[:ENUM_SHOWN], "…") if len(words) > ENUM_SHOWN else tuple(words)


def fields_of(schema: Any) -> tuple[Field, ...]:
    """The properties of an object (or of the objects in an array), each followed by its own."""
    fields = _walk(schema, 0)
    return tuple(field for field, _number in zip(fields, range(FIELDS_MAX), strict=False))


def _walk(schema: Any, depth: int) -> Iterator[Field]:
    schema = merged(schema)
    if depth > DEPTH_MAX:
        return
    if "items" in schema:
        yield from _walk(schema["items"], depth)
        return
    required = as_list(schema.get("required"))
    for name, part in as_dict(schema.get("properties")).items():
        detail = merged(part)
        yield Field(
            name=name,
            depth=depth,
            type=type_in_words(part),
            required=name in required,
            description=as_text(detail.get("description")),
            allowed=allowed_values(part),
            deprecated=detail.get("deprecated") is True,
            constraints=constraints_of(detail),
        )
        yield from _walk(part, depth + 1)


def example_of(schema: Any, depth: int = 0) -> Any:
    """The example that the schema gives, or one made from its types; None where nothing can be said."""
    schema = merged(schema)
    if "example" in schema:
        return schema["example"]
    for name in ("examples", "enum"):
        if values := as_list(schema.get(name)):
            return values[0]
    for name in ("default", "const"):
        if name in schema:
            return schema[name]
    if depth > DEPTH_MAX:
        return None
    for name in ("oneOf", "anyOf"):
        if choices := as_list(schema.get(name)):
            return example_of(choices[0], depth + 1)
    if properties := as_dict(schema.get("properties")):
        shown = list(properties.items())[:FIELDS_MAX]
        return {name: example_of(part, depth + 1) for name, part in shown}
    if "items" in schema:
        return [example_of(schema["items"], depth + 1)]
    names = as_list(schema.get("type")) or [schema.get("type")]
    kind = as_text(names[0])
    if kind == "string":
        return _BY_FORMAT.get(as_text(schema.get("format")), "string")
    return {} if kind == "object" else _BY_TYPE.get(kind)
