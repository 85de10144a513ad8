"""The answer that a test key gets of an endpoint without a backend for tests."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.products.openapi.example_answers import BODY_BYTES_MAX, ExampleAnswer, example_answer

JSON = "application/json"
PET = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "at": {"format": "date"}},
}


def of(content: Any, status: str = "200") -> ExampleAnswer | None:
    return example_answer({"responses": {status: {"description": "", "content": content}}})


@pytest.mark.parametrize(
    ("holder", "body"),
    [
        ({"example": {"a": 1}, "examples": {"x": {"value": 2}}, "schema": PET}, '{"a": 1}'),
        ({"examples": {"x": {"summary": "none"}, "y": {"value": [1, 2]}}}, "[1, 2]"),
        ({"schema": PET}, '{"id": 1, "name": "string", "at": null}'),
        ({"schema": {"type": "array", "items": PET | {"example": {"id": 7}}}}, '[{"id": 7}]'),
        ({"schema": {"type": "string"}, "example": "plain"}, '"plain"'),
        ({"schema": {"type": "string"}, "example": '{"a": 1}'}, json.dumps('{"a": 1}')),
        ({"example": '{"a": 1}'}, '{"a": 1}'),  # JSON that was written as a text
        ({"example": "é"}, '"é"'),
        ({"example": "12"}, '"12"'),
        ({"schema": {"type": "integer"}, "example": "12"}, "12"),
        ({"example": False}, "false"),
    ],
)
def test_the_body_is_the_example_or_made_from_the_schema(holder: dict[str, Any], body: str) -> None:
    assert of({JSON: holder}) == ExampleAnswer(200, JSON, body.encode())


def test_json_comes_before_other_media_types_and_the_lowest_success_first() -> None:
    contents = {"text/csv": {"example": "a,b"}, "application/hal+json; charset=utf-8": {"example": 1}}
    assert of(contents) == ExampleAnswer(200, "application/hal+json; charset=utf-8", b"1")
    assert of({"text/csv": {"example": "a,b"}}) == ExampleAnswer(200, "text/csv", b"a,b")
    operation = {"responses": {"404": {}, "204": {}, "default": {}, "201": {"content": {JSON: {"example": 2}}}}}
    assert example_answer(operation) == ExampleAnswer(201, JSON, b"2")
    assert of({JSON: {"example": 3}}, "2XX") == ExampleAnswer(200, JSON, b"3")
    assert of({"*/*": {"example": {"a": 1}}}) == ExampleAnswer(200, JSON, b'{"a": 1}')
    assert of({"a/b\r\nX: y": {"example": "t"}}) == ExampleAnswer(200, "text/plain; charset=utf-8", b"t")


def test_what_says_nothing_has_no_body_and_what_is_not_documented_no_answer() -> None:
    assert of({JSON: {}}) == of({}) == of(None) == ExampleAnswer(200)
    assert of({JSON: {"example": 1}}, "204") == ExampleAnswer(204)
    for operation in ({}, None, [], {"responses": {"400": {}, "default": {}}}, {"responses": 5}):
        assert example_answer(operation) is None
    assert of({JSON: {"example": "x" * BODY_BYTES_MAX}}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["example", "examples", "schema", "type", "properties", JSON, "value"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_makes_an_answer_or_none(content: Any) -> None:
    answer = of(content)
    assert answer is not None
    assert answer.media_type.isascii()
    assert len(answer.body) <= BODY_BYTES_MAX
