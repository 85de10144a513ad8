"""An Operation Object becomes documentation; whatever shape it has, nothing raises."""

from typing import Any

import pytest

from apps.products.openapi.operation import parse_operation

OPERATION: dict[str, Any] = {
    "summary": "Create an order",
    "description": "Charges the card.",
    "parameters": [
        {"name": "shop", "in": "path", "schema": {"type": "integer"}, "example": 7},
        {"name": "dry", "in": "query", "schema": {"type": "boolean"}, "description": "Do not charge."},
        {"name": "kind", "in": "query", "required": True, "schema": {"type": "string", "enum": ["new", "repeat"]}},
        {"name": "X-Trace", "in": "header", "deprecated": True, "schema": {"type": "string", "format": "uuid"}},
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items"],
                    "properties": {
                        "items": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
                        },
                        "note": {"type": ["string", "null"], "description": "Printed on the slip."},
                    },
                }
            }
        },
    },
    "responses": {
        "201": {"description": "Made", "content": {"application/json": {"example": {"id": 1}}}},
        "402": {"description": "Declined"},
    },
}


def test_parameters_keep_place_type_and_whether_they_are_required() -> None:
    operation = parse_operation(OPERATION, path_parameters=["shop"])
    read = [(p.name, p.location, p.required, p.type) for p in operation.parameters]
    assert read == [
        ("shop", "path", True, "integer"),
        ("dry", "query", False, "boolean"),
        ("kind", "query", True, "string"),
        ("X-Trace", "header", False, "string (uuid)"),
    ]
    assert operation.parameters[2].allowed == ("new", "repeat")
    assert operation.parameters[3].deprecated


def test_a_path_parameter_that_the_document_forgot_is_listed_all_the_same() -> None:
    operation = parse_operation({}, path_parameters=["id"])
    assert [(p.name, p.location, p.required) for p in operation.parameters] == [("id", "path", True)]


def test_the_body_lists_properties_with_those_inside_them() -> None:
    body = parse_operation(OPERATION).body
    assert body is not None
    assert body.required
    (content,) = body.contents
    assert [(f.name, f.depth, f.type, f.required) for f in content.fields] == [
        ("items", 0, "array of object", True),
        ("sku", 1, "string", False),
        ("note", 0, "string or null", False),
    ]
    assert '"sku": "string"' in content.example


def test_the_given_example_wins_over_one_that_is_made_up() -> None:
    response, other = parse_operation(OPERATION).responses
    assert response.contents[0].example == '{\n  "id": 1\n}'
    assert other.contents == ()
    assert (response.tone, other.tone) == ("green", "amber")


def test_parts_of_all_of_are_put_together() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}},
        ]
    }
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    body = parse_operation(operation).body
    assert body is not None
    assert [(f.name, f.required) for f in body.contents[0].fields] == [("a", True), ("b", False)]


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}, "allOf": [schema]}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


@pytest.mark.parametrize(
    "operation",
    [
        None, [], "text", 7,
        {"parameters": {}, "requestBody": [], "responses": []},
        {"parameters": [None, 1, "x", {"in": 3, "name": None}, {"in": "query", "name": ["q"], "schema": [1]}]},
        {"requestBody": {"content": {"application/json": None, "text/plain": [], "a/b": {"schema": "string"}}}},
        {"requestBody": {"content": {"application/json": {"schema": {"properties": [1], "required": {"a": 1}}}}}},
        {"requestBody": {"content": {"application/json": {"schema": {"type": [], "enum": {}, "items": 4}}}}},
        {"responses": {"200": None, "default": "x", "x-other": {}}},
        {"summary": {"a": 1}, "description": ["x"], "tags": "x", "deprecated": "yes"},
        {"requestBody": {"content": {"application/json": {"examples": {"a": 1, "b": {"value": None}}}}}},
        nested(12),
    ],
)  # fmt: skip
def test_any_shape_is_read(operation: Any) -> None:
    parse_operation(operation, path_parameters=["id"])
