"""What a schema asks of a value, in words; whatever shape it has, nothing raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.products.openapi.constraints import constraints_of
from apps.products.openapi.operation import parse_operation

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "pattern", "uniqueItems", "readOnly", "writeOnly", "default", "items",
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "phrases"),
    [
        ({"minimum": 1, "maximum": 2.5}, ["at least 1", "at most 2.5"]),
        ({"minimum": 0, "exclusiveMinimum": True}, ["more than 0"]),  # OpenAPI 3.0
        ({"exclusiveMaximum": 10}, ["less than 10"]),  # OpenAPI 3.1
        ({"minLength": 3, "maxLength": 20}, ["3 to 20 characters"]),
        (
            {"maxItems": 5, "uniqueItems": True, "items": {"minimum": 1}},
            ["up to 5 items", "each item once", "each at least 1"],
        ),
        ({"pattern": "^a%s$", "default": 0}, ["matches ^a%s$", "default 0"]),
        ({"default": "x", "multipleOf": 5, "readOnly": True}, ["a multiple of 5", "only in answers", "default x"]),
        ({}, []),
    ],
)  # fmt: skip
def test_what_is_asked_is_said(schema: dict[str, Any], phrases: list[str]) -> None:
    assert list(constraints_of(schema)) == phrases


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_shape_is_answered(schema: dict[str, Any]) -> None:
    assert all(isinstance(phrase, str) for phrase in constraints_of(schema))


def test_a_parameter_says_the_example_of_its_document_alone() -> None:
    operation = parse_operation(
        {
            "parameters": [
                {"name": "a", "in": "query", "example": 5},
                {"name": "b", "in": "query", "schema": {"type": "integer", "maximum": 9, "examples": [7]}},
                {"name": "c", "in": "query", "schema": {"type": "integer"}},
            ]
        }
    )
    assert [(p.documented, p.constraints) for p in operation.parameters] == [("5", ()), ("7", ("at most 9",)), ("", ())]


def test_a_schema_that_contains_itself_ends() -> None:
    """As far as a document nests it, and where a reference was cut."""
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Node"}
    for _ in range(30):
        schema = {"type": "object", "properties": {"next": schema, "items": {"type": "array", "items": schema}}}
    body = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    operation = parse_operation(body)
    assert operation.body is not None
    assert 0 < len(operation.body.contents[0].fields) <= 300
