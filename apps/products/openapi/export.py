"""A product as an OpenAPI 3.1 document whose server is the gateway."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from django.conf import settings

from apps.products.models import Endpoint, Product
from apps.products.openapi.normalizing import GATEWAY_MARK, STUB_MARK, Context, normalize_operation
from apps.products.openapi.references import References
from apps.products.paths import PathTemplate, parse_template

VERSION = "3.1.0"
_SCHEMAS = "#/components/schemas/"
# What the gateway itself may answer to a call, by status: the name of the component and its words.
_OWN_ANSWERS = {
    "401": ("GatewayUnauthorized", "The key is missing, unknown, revoked or expired."),
    "403": ("GatewayForbidden", "No active subscription, or the plan does not open this endpoint."),
    "429": ("GatewayTooManyRequests", "The rate limit is reached or the quota is used up."),
}
# OpenAPI wants one answer at least.
_UNDESCRIBED = {"description": "The answer of the backend.", GATEWAY_MARK: True}
_LIMIT_HEADERS = {
    "RateLimit-Policy": "The limits that hold for the call.",
    "RateLimit": "What is left of them, and when they are full again.",
}


def export_document(product: Product, *, plan_of: Callable[[Endpoint], str] | None = None) -> dict[str, Any]:
    """The product's current endpoints as a valid OpenAPI 3.1 document.

    `plan_of` names the first plan that opens an endpoint (empty for none): it stands in `x-required-plan`. What a
    creator wrote into an operation that is not OpenAPI is left out.
    """
    endpoints = list(product.endpoints.current().select_related("tier").order_by("path", "method"))
    stubs = _stubs(endpoint.operation for endpoint in endpoints)
    context = Context(References({"components": {"schemas": stubs}}))
    repeated = _repeated(endpoint.operation_id for endpoint in endpoints)
    paths: dict[str, dict[str, Any]] = {}
    templates: dict[str, PathTemplate] = {}  # by pattern: two paths that differ in names only are one in OpenAPI
    for endpoint in endpoints:
        own = parse_template(endpoint.path)
        template = templates.setdefault(own.pattern, own)
        operation = _operation(endpoint, own, template, context)
        if endpoint.operation_id and endpoint.operation_id not in repeated:
            operation = {"operationId": endpoint.operation_id} | operation
        if plan := plan_of(endpoint) if plan_of else "":
            operation["x-required-plan"] = plan
        paths.setdefault(template.text, {})[endpoint.method.lower()] = operation
    info = {"title": product.name, "version": product.version or "1"}
    if words := product.description or product.tagline:
        info["description"] = words
    return {
        "openapi": VERSION,
        "info": info,
        "servers": [{"url": f"{settings.GATEWAY_URL}/{product.slug}"}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": paths,
        "components": _components(stubs),
    }


def as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=120)


class _PlainDumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _operation(endpoint: Endpoint, own: PathTemplate, template: PathTemplate, context: Context) -> dict[str, Any]:
    context.begin_operation()
    operation = normalize_operation(endpoint.operation, context, path_parameters=own.parameters)
    operation.pop("deprecated", None)
    if endpoint.deprecated_at is not None:
        operation["deprecated"] = True
    names = dict(zip(own.parameters, template.parameters, strict=True))
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = names[parameter["name"]]
    answers = operation.pop("responses", {}) or {"default": _UNDESCRIBED}
    operation["responses"] = answers | {
        status: {"$ref": f"#/components/responses/{name}"}
        for status, (name, _words) in _OWN_ANSWERS.items()
        if status not in answers
    }
    return operation


def _components(stubs: dict[str, Any]) -> dict[str, Any]:
    problem = {
        "type": "object",
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "code": {"type": "string"}, "request_id": {"type": "string"},
        },
    }  # fmt: skip
    responses = {name: _own_answer(status, words) for status, (name, words) in _OWN_ANSWERS.items()}
    return {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "The key of a subscription."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same key."},
        },
        "responses": responses,
        "schemas": {**stubs, "GatewayProblem": problem},
    }


def _own_answer(status: str, words: str) -> dict[str, Any]:
    headers = {"X-Request-Id": _header("The id of the call.")}
    if status == "401":
        headers["WWW-Authenticate"] = _header("How to send the key.")
    if status == "429":
        headers["Retry-After"] = _header("Seconds until a call can pass again.", "integer")
        headers |= {name: _header(text) for name, text in _LIMIT_HEADERS.items()}
    content = {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}GatewayProblem"}}}
    return {"description": words, "headers": headers, "content": content, GATEWAY_MARK: True}


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def _stubs(operations: Iterable[Any]) -> dict[str, Any]:
    """What stands for each schema that an operation shows by its name only, since it refers to itself."""
    names: set[str] = set()
    waiting = list(operations)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.startswith(_SCHEMAS):
                names.add(reference.removeprefix(_SCHEMAS))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return {
        name: {"description": f"“{name}”, written out where it is first used.", STUB_MARK: True}
        for name in sorted(names)
        if name.replace(".", "").replace("-", "").replace("_", "").isalnum() and name.isascii()
    }


def _repeated(ids: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {one for one in ids if one in seen or seen.add(one)}  # type: ignore[func-returns-value]
