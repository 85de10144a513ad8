"""An operation of OpenAPI 2.0 ("Swagger") in the form of 3.0; its schemas stay as they are."""

from typing import Any

from apps.products.openapi.normalizing.context import Context
from apps.products.openapi.schema import as_dict, as_list, as_text

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

# What describes the value of a parameter or header itself in 2.0, and its schema in 3.0.
_OF_THE_SCHEMA = (
    "type", "format", "items", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "enum", "multipleOf", "x-nullable", "example",
)  # fmt: skip
# collectionFormat → style and explode in a query; tab separated values have no style in 3.x.
_STYLES = {"ssv": ("spaceDelimited", False), "pipes": ("pipeDelimited", False), "multi": ("form", True)}


def upgrade_operation(
    raw: Any, context: Context, *, document: dict[str, Any], shared_parameters: Any
) -> dict[str, Any]:
    """The operation as 3.0 would have it, with the parameters of its path among its own."""
    raw = as_dict(raw)
    parameters = _merged([*as_list(shared_parameters), *as_list(raw.get("parameters"))], context)
    kept = ("summary", "description", "tags", "deprecated")
    result: dict[str, Any] = {key: raw[key] for key in kept if key in raw}
    result["parameters"] = [
        _parameter(parameter) for parameter in parameters if parameter.get("in") in ("path", "query", "header")
    ]
    if body := _body(parameters, _media_types(raw, document, "consumes")):
        result["requestBody"] = body
    produces = _media_types(raw, document, "produces") or [JSON]
    result["responses"] = {
        status: _response(context.follow(response), produces)
        for status, response in as_dict(raw.get("responses")).items()
    }
    return result


def _merged(items: list[Any], context: Context) -> list[dict[str, Any]]:
    """The parameters, those of the operation in place of those of its path."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in items:
        parameter = context.follow(item)
        location = as_text(parameter.get("in"))
        # There is one body, whatever it is called.
        found[location, "" if location == "body" else as_text(parameter.get("name"))] = parameter
    return list(found.values())


def _media_types(raw: dict[str, Any], document: dict[str, Any], key: str) -> list[str]:
    given = raw[key] if key in raw else document.get(key)
    return list(dict.fromkeys(name for name in as_list(given) if isinstance(name, str) and name))


def _parameter(raw: dict[str, Any]) -> dict[str, Any]:
    kept = ("name", "in", "description", "required", "deprecated")
    result: dict[str, Any] = {key: raw[key] for key in kept if key in raw}
    result["schema"] = _value_schema(raw)
    if raw.get("type") == "array" and raw.get("in") == "query":
        # Without a word, 2.0 separates by commas, and 3.x repeats the parameter.
        result["style"], result["explode"] = _STYLES.get(as_text(raw.get("collectionFormat")), ("form", False))
    return result


def _value_schema(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: raw[key] for key in _OF_THE_SCHEMA if key in raw}


def _body(parameters: list[dict[str, Any]], consumes: list[str]) -> dict[str, Any]:
    for parameter in parameters:
        if parameter.get("in") == "body":
            schema = parameter.get("schema", {})
            return {
                "description": parameter.get("description", ""),
                "required": parameter.get("required") is True,
                "content": {media_type: {"schema": schema} for media_type in consumes or [JSON]},
            }
    fields = [parameter for parameter in parameters if parameter.get("in") == "formData" and parameter.get("name")]
    if not fields:
        return {}
    schema = {
        "type": "object",
        "properties": {field["name"]: _value_schema(field) | _words(field) for field in fields},
        "required": [field["name"] for field in fields if field.get("required") is True],
    }
    forms = [media_type for media_type in consumes if media_type in (FORM, MULTIPART)]
    if any(field.get("type") == "file" for field in fields):
        forms = [MULTIPART]
    return {
        "required": bool(schema["required"]),
        "content": {media_type: {"schema": schema} for media_type in forms or [FORM]},
    }


def _words(raw: dict[str, Any]) -> dict[str, Any]:
    return {"description": raw["description"]} if "description" in raw else {}


def _response(raw: dict[str, Any], produces: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"description": raw.get("description", "")}
    examples = as_dict(raw.get("examples"))
    if "schema" in raw:
        result["content"] = {
            media_type: {"schema": raw["schema"]} | _example(examples, media_type) for media_type in produces
        }
    elif examples:
        result["content"] = {media_type: {"example": example} for media_type, example in examples.items()}
    headers = as_dict(raw.get("headers"))
    if headers:
        result["headers"] = {
            name: {"schema": _value_schema(as_dict(header))} | _words(as_dict(header))
            for name, header in headers.items()
        }
    return result


def _example(examples: dict[str, Any], media_type: str) -> dict[str, Any]:
    return {"example": examples[media_type]} if media_type in examples else {}
