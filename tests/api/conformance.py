"""Whether an answer is one that our own OpenAPI document describes."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.urls import resolve
from jsonschema import Draft202012Validator

from apps.core.api.document import _document

PARAMETER = "<str:"


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_document())
    return found


def template_of(path: str) -> str:
    """The path of the document that an address belongs to."""
    return "/" + resolve(path).route.replace("<str:", "{").replace(">", "}")


def check_conformance(method: str, path: str, response: HttpResponse) -> None:
    """The status is described for the operation, and the body has the shape that is described for the status."""
    template = template_of(path)
    operation = document()["paths"][template].get(method.lower())
    if operation is None:
        assert response.status_code == 405
        return
    assert str(response.status_code) in operation["responses"], (method, template, response.status_code)
    described = operation["responses"][str(response.status_code)]
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    for name in described["headers"]:
        assert name in response
    if "content" not in described:
        assert response.content == b""
        return
    content = described["content"][response["Content-Type"].partition(";")[0]]
    if response["Content-Type"] == "application/json":
        schema = {**content["schema"], "components": document()["components"]}
        problems = list(Draft202012Validator(schema).iter_errors(json.loads(response.content)))
        assert problems == []
