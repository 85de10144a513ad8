"""An Operation Object of OpenAPI 3.0 or 3.1 as one of 3.1 that stands alone and is valid.

References are written out. Callbacks, links, servers, security and extensions (`x-…`) are left out: they speak of the
backend or to the creator's tools, not to who calls through the gateway.
"""

import re
from collections.abc import Sequence
from typing import Any

from apps.products.openapi.normalizing.context import Context
from apps.products.openapi.normalizing.schemas import normalize_schema

# An exported answer with this mark is the gateway's own, not the backend's: see `openapi/export.py`.
GATEWAY_MARK = "x-from-gateway"

_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_STYLES = {
    "path": {"simple", "label", "matrix"},
    "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
    "header": {"simple"},
    "cookie": {"form"},
}


def normalize_operation(
    raw: Any, context: Context, *, path_parameters: Sequence[str], shared_parameters: Any = ()
) -> dict[str, Any]:
    """The operation in 3.1. `shared_parameters` are those of its path; each of `path_parameters` is described."""
    raw = raw if isinstance(raw, dict) else {}
    result: dict[str, Any] = _texts(raw, "summary", "description")
    tags = [tag for tag in _list(raw.get("tags")) if isinstance(tag, str) and tag]
    if tags:
        result["tags"] = list(dict.fromkeys(tags))
    if raw.get("deprecated") is True:
        result["deprecated"] = True
    if parameters := _parameters(shared_parameters, raw.get("parameters"), path_parameters, context):
        result["parameters"] = parameters
    if body := _body(context.follow(raw.get("requestBody")), context):
        result["requestBody"] = body
    if responses := _responses(raw.get("responses"), context):
        result["responses"] = responses
    return result


def _parameters(shared: Any, own: Any, path_parameters: Sequence[str], context: Context) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in [*_list(shared), *_list(own)]:
        raw = context.follow(item)
        name, location = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or not name or not isinstance(location, str) or location not in _STYLES:
            continue
        if location != "path" or name in path_parameters:
            found[location, name] = _parameter(raw, name, location, context)
    for name in path_parameters:
        found.setdefault(("path", name), {"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    return list(found.values())


def _parameter(raw: dict[str, Any], name: str, location: str, context: Context) -> dict[str, Any]:
    result: dict[str, Any] = {"name": name, "in": location, **_texts(raw, "description")}
    if location == "path" or raw.get("required") is True:
        result["required"] = True
    if raw.get("deprecated") is True:
        result["deprecated"] = True
    style = raw.get("style")
    if isinstance(style, str) and style in _STYLES[location]:
        result["style"] = style
    result |= _flags(raw, "explode")
    if location == "query":
        result |= _flags(raw, "allowReserved")
    return result | _described(raw, context)


def _described(raw: dict[str, Any], context: Context) -> dict[str, Any]:
    """What parameters and headers have: a schema with examples, or `content` with one media type."""
    content = _content(dict(list(_dict(raw.get("content")).items())[:1]), context)
    if content and "schema" not in raw:
        return {"content": content}
    return {"schema": normalize_schema(raw.get("schema"), context), **_examples(raw, context)}


def _body(raw: dict[str, Any], context: Context) -> dict[str, Any]:
    content = _content(raw.get("content"), context)
    if not content:
        return {}
    return {**_texts(raw, "description"), **_flags(raw, "required"), "content": content}


def _responses(raw: Any, context: Context) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for status, item in _dict(raw).items():
        response = context.follow(item)
        if not _STATUS.fullmatch(status) or response.get(GATEWAY_MARK) is True:
            continue
        description = response.get("description")
        result[status] = {"description": description if isinstance(description, str) else ""}
        headers = {
            name: {**_texts(header, "description"), **_flags(header, "required", "deprecated")}
            | _described(header, context)
            for name, given in _dict(response.get("headers")).items()
            if (header := context.follow(given)) and name.lower() != "content-type"
        }
        if headers:
            result[status]["headers"] = headers
        if content := _content(response.get("content"), context):
            result[status]["content"] = content
    return result


def _content(raw: Any, context: Context) -> dict[str, Any]:
    return {media_type: _media_type(_dict(part), context) for media_type, part in _dict(raw).items()}


def _media_type(raw: dict[str, Any], context: Context) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if "schema" in raw:
        result["schema"] = normalize_schema(raw["schema"], context)
    result |= _examples(raw, context)
    encoding = {
        name: _texts(part, "contentType") | _flags(part, "explode", "allowReserved")
        for name, part in _dict(raw.get("encoding")).items()
        if isinstance(part, dict)
    }
    if encoding:
        result["encoding"] = encoding
    return result


def _examples(raw: dict[str, Any], context: Context) -> dict[str, Any]:
    if "example" in raw:
        return {"example": raw["example"]}
    found = {
        name: {**_texts(example, "summary", "description"), "value": example["value"]}
        for name, given in _dict(raw.get("examples")).items()
        if "value" in (example := context.follow(given))
    }
    return {"examples": found} if found else {}


def _texts(raw: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: raw[key] for key in keys if isinstance(raw.get(key), str) and raw[key]}


def _flags(raw: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: raw[key] for key in keys if isinstance(raw.get(key), bool)}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
