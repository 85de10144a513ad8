"""Schemas of OpenAPI 2.0 and 3.0 as those of 3.1 (JSON Schema 2020-12), with references written out.

A schema that refers to itself is written out once; inside itself it stays a reference by its name, which the
documentation shows. Keywords that are not understood, or whose value makes no sense, are left out.
"""

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from apps.products.openapi.normalizing.context import (
    LEVEL_MAX,
    REFERENCE_DEPTH_MAX,
    STUB_MARK,
    Context,
    component_name,
)

Schema = dict[str, Any] | bool

_PATTERN_MAX = 1_000
_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
# Not JSON Schema, but what people write and mean.
_SPOKEN = {
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "str": "string",
}
_SINGLE = frozenset(
    {
        "additionalProperties", "contains", "contentSchema", "else", "if", "not", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS = frozenset({"dependentSchemas", "patternProperties", "properties"})
# What may stand beside a reference and only describes: it wins over the words of the schema that is referred to.
_WORDS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_anything(value: Any) -> bool:
    return True


@lru_cache(maxsize=2_000)
def _is_pattern(value: str) -> bool:
    """Whether it is a regular expression that readers of the document can check; dialects differ in the rest."""
    if len(value) > _PATTERN_MAX:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python might read otherwise
            re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


_CHECKS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("title", "description", "format", "contentEncoding", "contentMediaType"), _is_text),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _is_flag),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains",
         "maxContains"),
        _is_count,
    ),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "pattern": lambda value: isinstance(value, str) and _is_pattern(value),
    "const": _is_anything,
    "default": _is_anything,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "examples": lambda value: isinstance(value, list),
}  # fmt: skip


def normalize_schema(value: Any, context: Context, *, level: int = 6) -> Schema:
    """The schema as one of 3.1. `level` says how deep in the operation it stands."""
    return _schema(value, context, level, ())


def _schema(value: Any, context: Context, level: int, active: tuple[str, ...]) -> Schema:
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict) or level > LEVEL_MAX:
        return {}
    context.spend()
    reference = value.get("$ref")
    if isinstance(reference, str):
        return _referenced(reference, value, context, level, active)
    result: dict[str, Any] = {}
    for key, part in value.items():
        if key in _CHECKS:
            if _CHECKS[key](part):
                result[key] = part
        else:
            result |= _subschemas(key, part, context, level, active)
    _upgrade(result, value)
    return result


def _subschemas(key: str, part: Any, context: Context, level: int, active: tuple[str, ...]) -> dict[str, Any]:
    """The keyword with the schemas in it; nothing for a keyword that holds none."""
    if key in _SINGLE or (key == "items" and not isinstance(part, list)):
        return {key: _schema(part, context, level + 1, active)}
    if key in _LISTS or key == "items":
        # A list of items is `prefixItems` since 2020-12.
        name = "prefixItems" if key == "items" else key
        items = part if isinstance(part, list) else []
        return {name: [_schema(item, context, level + 2, active) for item in items]} if items else {}
    if key in _MAPS and isinstance(part, dict):
        return {key: {name: _schema(item, context, level + 2, active) for name, item in part.items()}}
    return {}


def _referenced(reference: str, value: dict[str, Any], context: Context, level: int, active: tuple[str, ...]) -> Schema:
    beside = _schema({key: part for key, part in value.items() if key != "$ref"}, context, level, active)
    assert isinstance(beside, dict)
    target = context.references.find(reference)
    if target is None:
        return beside
    is_stub = isinstance(target, dict) and target.get(STUB_MARK) is True
    if is_stub or reference in active or len(active) >= REFERENCE_DEPTH_MAX or context.is_spent:
        return {"$ref": f"#/components/schemas/{component_name(reference)}", **beside}
    found = _schema(target, context, level, (*active, reference))
    if not beside:
        return found
    if isinstance(found, dict) and set(beside) <= _WORDS:
        return {**found, **beside}
    return {"allOf": [found], **beside}


def _upgrade(result: dict[str, Any], value: dict[str, Any]) -> None:
    """What has another form in 3.1 than in the documents before it."""
    types = _types(result, value)
    if types:
        result["type"] = types[0] if len(types) == 1 else types
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if value.get(exclusive) is True and limit in result:
            result[exclusive] = result.pop(limit)
    if "example" in value and "examples" not in result:
        result["examples"] = [value["example"]]
    required = value.get("required")
    names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    if names:
        result["required"] = list(dict.fromkeys(names))
    if discriminator := _discriminator(value.get("discriminator")):
        result["discriminator"] = discriminator
    if xml := _xml(value.get("xml")):
        result["xml"] = xml
    if "default" in result and not _is_of_type(result["default"], types):
        del result["default"]


def _types(result: dict[str, Any], value: dict[str, Any]) -> list[str]:
    given = value.get("type")
    names = [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]
    if "file" in names:  # 2.0
        names = ["string"]
        result["format"] = "binary"
    types = list(dict.fromkeys(known for name in names if (known := _SPOKEN.get(name, name)) in _TYPES))
    if types and (value.get("nullable") is True or value.get("x-nullable") is True):
        types = types if "null" in types else [*types, "null"]
        if "enum" in result and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
    return types


def _is_of_type(value: Any, names: list[str]) -> bool:
    """Whether a default can be one of these types at all."""
    if not names:
        return True
    if isinstance(value, bool):
        return "boolean" in names
    if isinstance(value, int):
        return "integer" in names or "number" in names
    if isinstance(value, float):
        return "number" in names or ("integer" in names and value.is_integer())
    kinds: dict[type, str] = {str: "string", list: "array", dict: "object", type(None): "null"}
    return kinds.get(type(value)) in names


def _discriminator(value: Any) -> dict[str, Any]:
    # A text in 2.0. The mapping names components, which an operation that stands alone has not.
    name = value.get("propertyName") if isinstance(value, dict) else value
    return {"propertyName": name} if isinstance(name, str) and name else {}


def _xml(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    texts = {key: value[key] for key in ("name", "prefix") if isinstance(value.get(key), str)}
    return texts | {key: value[key] for key in ("attribute", "wrapped") if isinstance(value.get(key), bool)}
