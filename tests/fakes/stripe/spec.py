"""Stripe's own description of its API, and whether what goes in and out of the fake server fits it.

The description is not part of the project: `STRIPE_SPEC` names the file (`spec3.json`, or gzipped); without it the file
is looked for beside the project.
"""

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.fakes.stripe.server import Exchange
from tests.fakes.stripe.world import Object

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "stripe" / "spec3.json.gz"
_URI = "urn:stripe"
_FORM = "application/x-www-form-urlencoded"


def find_description() -> Path | None:
    given = os.environ.get("STRIPE_SPEC")
    path = Path(given) if given else BESIDE
    return path if given or path.exists() else None


class StripeSpec:
    def __init__(self, path: Path) -> None:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        document = json.loads(content)
        self.version = document["info"]["version"]
        self.schemas = {name: _json_schema(schema) for name, schema in document["components"]["schemas"].items()}
        self.paths = {_unnamed(path): operations for path, operations in document["paths"].items()}
        contents = {"components": {"schemas": self.schemas}}
        self._registry = Registry().with_resource(_URI, Resource(contents, DRAFT202012))
        self._validators: dict[str, Draft202012Validator] = {}
        self.event_kinds = set(
            self._body("post", "/v1/webhook_endpoints")["properties"]["enabled_events"]["items"]["enum"]
        )

    def faults_of_exchange(self, exchange: Exchange) -> list[str]:
        """What does not fit; of a refused request only the answer, as it may be refused for not fitting."""
        method, where = exchange.method.lower(), f"{exchange.method} {exchange.template}"
        operation = self.paths.get(_unnamed(exchange.template), {}).get(method)
        if operation is None:
            return [f"{where}: Stripe has no such operation"]
        if exchange.status != 200:
            return self._faults(f"{where} -> {exchange.status}", self.schemas["error"], exchange.answer)
        given = self._query(operation) if method == "get" else self._body(method, exchange.template)
        answer = _json_schema(operation["responses"]["200"]["content"]["application/json"]["schema"])
        return [
            *self._faults(f"{where} request", given, _typed(exchange.params, given, self)),
            *self._faults(f"{where} -> 200", answer, exchange.answer),
        ]

    def faults_of_event(self, event: Object) -> list[str]:
        """Of the envelope, and of the object in it."""
        kind, item = event["type"], event["data"]["object"]
        unknown = [] if kind in self.event_kinds else [f"Stripe has no event {kind}"]
        return [
            *unknown,
            *self._faults(f"event {kind}", self.schemas["event"], event),
            *self._faults(f"object of {kind}", self.schemas[item["object"]], item),
        ]

    def is_valid(self, schema: Object, value: Any) -> bool:
        return self._validator(schema).is_valid(value)

    def _faults(self, where: str, schema: Object, value: Any) -> list[str]:
        errors = self._validator(schema).iter_errors(value)
        return [f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]

    def _validator(self, schema: Object) -> Draft202012Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(schema, registry=self._registry)
        return self._validators[key]

    def _body(self, method: str, template: str) -> Object:
        content = self.paths[_unnamed(template)][method].get("requestBody", {}).get("content", {})
        return _json_schema(content[_FORM]["schema"]) if content else {"type": "object", "maxProperties": 0}

    def _query(self, operation: Object) -> Object:
        parameters = [each for each in operation.get("parameters", []) if each["in"] == "query"]
        return {
            "type": "object",
            "properties": {each["name"]: _json_schema(each["schema"]) for each in parameters},
            "required": [each["name"] for each in parameters if each.get("required")],
            "additionalProperties": False,
        }


def _unnamed(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def _json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` becomes a choice, and an object has no properties but those it names."""
    if isinstance(schema, list):
        return [_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        converted: Object = {"$ref": schema["$ref"].replace("#", f"{_URI}#")}
    else:
        converted = {name: _inside(name, value) for name, value in schema.items() if _counts(name)}
        if "properties" in converted:
            converted.setdefault("additionalProperties", False)
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted


def _inside(name: str, value: Any) -> Any:
    if name == "properties":
        return {key: _json_schema(each) for key, each in value.items()}
    return _json_schema(value) if name in {"items", "anyOf", "additionalProperties"} else value


def _counts(name: str) -> bool:
    return name != "nullable" and name not in {"description", "title", "format"} and not name.startswith("x-")


def _typed(value: Any, schema: Object, spec: StripeSpec) -> Any:
    """A form's texts as the types that their schema names, so that they can be validated."""
    for choice in schema.get("anyOf", ()):
        typed = _typed(value, choice, spec)
        if spec.is_valid(choice, typed):
            return typed
    kind = schema.get("type")
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {key: _typed(each, known.get(key, other), spec) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(each, schema.get("items", {}), spec) for each in value]
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value
