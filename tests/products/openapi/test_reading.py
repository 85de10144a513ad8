"""Documents as they come: what is read, and the sentence that every other one ends in."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.errors import Invalid
from apps.products.openapi.reading import read_document

HEAD = "openapi: 3.1.0\n"
MILLION = 1_000_000


def read(text: str | bytes) -> dict[str, Any]:
    return read_document(text if isinstance(text, bytes) else text.encode()).content


class TestAccepted:
    def test_what_identifies_a_document(self) -> None:
        document = read_document(b'{"swagger": "2.0", "info": {"title": " Pet\\n store ", "version": 1.1}}')
        assert (document.dialect, document.title, document.version) == ("2.0", "Pet store", "1.1")
        for text, dialect in (("swagger: 2.0", "2.0"), ("openapi: 3.0", "3.0"), ("openapi: 3.1.1", "3.1")):
            assert read_document(text.encode()).dialect == dialect

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_unicode_in_any_form_that_says_what_it_is(self, encoding: str) -> None:
        assert read("openapi: 3.1.0\nx: Größe 😀".encode(encoding))["x"] == "Größe 😀"

    def test_scalars_of_yaml_as_json_would_have_them(self) -> None:
        text = """
        texts: [on, yes, 2026-01-31, 12:30:45, '1', 1_000, 0b1, .x, 1.2.3, "null", NO]
        numbers: [1, -2, 0o17, 0xff, 1.5, 1e3, .5]
        others: [null, ~, true, False, ]
        200: {on: a, null: b, 1.5: c}
        block: |
          - not a list
        """
        assert read(HEAD + text.replace("\n        ", "\n")) == {
            "openapi": "3.1.0",
            "texts": ["on", "yes", "2026-01-31", "12:30:45", "1", "1_000", "0b1", ".x", "1.2.3", "null", "NO"],
            "numbers": [1, -2, 15, 255, 1.5, 1000.0, 0.5],
            "others": [None, None, True, False],
            "200": {"on": "a", "null": "b", "1.5": "c"},
            "block": "- not a list\n",
        }

    @settings(max_examples=60, deadline=None)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(10**9), 10**9)
            | st.text(st.characters(codec="ascii", min_codepoint=32), max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
            ),
            max_leaves=12,
        )
    )
    def test_json_read_as_yaml_is_the_same(self, value: Any) -> None:
        """Every JSON text without control characters is YAML, too."""
        assert read(f"openapi: 3.1.0\nx: {json.dumps(value)}")["x"] == value

    def test_references_within_the_document_and_data_that_looks_like_others(self) -> None:
        content = read(
            '{"openapi": "3.0.0", "components": {"schemas": {"A": {"properties": {"$ref": {"type": "string"}},'
            ' "example": {"$ref": "http://a.example/b"}, "default": {"$ref": "b.yaml"}},'
            ' "B": {"$ref": "#/components"}}},'
            ' "x-of-a-tool": {"$ref": "./tool.json"}}'
        )
        assert "A" in content["components"]["schemas"]


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "empty"),
    "white space": (" \n", "empty"),
    "HTML": ("<!DOCTYPE html>", "HTML"),
    "another text": ("hello", "not an OpenAPI document"),
    "a list": ("[1]", "not an OpenAPI document"),
    "JSON of something else": ('{"info": {}}', "not an OpenAPI document"),
    "Swagger 1.2": ('{"swagger": "1.2"}', "version “1.2”"),
    "a version to come": (b"openapi: 4.0.0", "version “4.0.0”"),
    "a version that is none": ('{"openapi": {"a": []}}', "version"),
    "paths that are none": (HEAD + "paths: [1]", "“paths” has to be an object"),
    "Latin-1": ("openapi: Größe".encode("latin-1"), "not UTF-8 text"),
    "UTF-16 without a mark": ("openapi: 3.1.0".encode("utf-16-le"), "NUL"),
    "half of UTF-16": (b"\xff\xfeo", "not UTF-16 text"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\xff", "not UTF-8 text"),
    "UTF-7": (b"+ADw-openapi+AD4-: 3.1.0", "not an OpenAPI document"),
    "too large": (b"openapi: 3.1.0 #" + b"x" * 5 * MILLION, "larger than 5 MB"),
    "broken JSON": ('{"openapi": "3.1.0",\n x}', "line 2, column 2"),
    "broken YAML": ("openapi: 3.1.0\na: b: c", "line 2, column 5"),
    "a key twice in JSON": ('{"openapi": "3.1.0", "a": {"b": 1, "b": 2}}', "“b” stands twice"),
    "a key twice in YAML": (HEAD + "a:\n  b: 1\n  b: 2", "“b” stands twice in one object (line 4, column 3)"),
    "a key twice once it is text": (HEAD + "a: {1: x, '1': y}", "“1” stands twice"),
    "NaN": ('{"openapi": "3.1.0", "a": NaN}', "NaN is not a JSON number"),
    "Infinity": ('{"openapi": "3.1.0", "a": -Infinity}', "-Infinity is not a JSON number"),
    "NaN in YAML": (HEAD + "a: .nan", ".nan is not a JSON number (line 2"),
    "a number beyond floats": ('{"openapi": "3.1.0", "a": 1e999}', "too large or not a number"),
    "digits without end": ('{"openapi": "3.1.0", "a": ' + "9" * MILLION + "}", "too many digits"),
    "digits without end in YAML": (HEAD + "a: " + "9" * MILLION, "too many digits (line 2"),
    "a NUL character": ('{"openapi": "3.1.0", "a": "\\u0000"}', "NUL"),
    "half a character": ('{"openapi": "3.1.0", "a": "\\ud800"}', "surrogate"),
    "an alias": (HEAD + "a: &x [1]\nb: *x", "alias (line 3, column 4)"),
    "a billion laughs": (HEAD + "a: &a [x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(40)), "alias (line 3"),
    "a value that contains itself": (HEAD + "a: &a [*a]", "alias"),
    "a merge key": (HEAD + "a: {<<: {b: 1}}", "merge key"),
    "a tag that runs code": (HEAD + "a: !!python/object/apply:os.system ['id']", "YAML tag"),
    "a tag of YAML": (HEAD + "a: !!binary aGk=", "YAML tag"),
    "a tag of a collection": (HEAD + "a: !!set {b}", "YAML tag"),
    "tags without end": ("".join(f"%TAG !{i}! tag:x\n" for i in range(200_000)) + "---\na: 1", "defines YAML tags"),
    "a key that is a list": (HEAD + "? [a]\n: b", "A key has to be a text"),
    "two documents": (HEAD + "---\nopenapi: 3.1.0", "more than one YAML document"),
    "deep JSON": ('{"openapi": "3.1.0", "a": ' + "[" * 100_000, "nested too deeply"),
    "deeper than is stored": ('{"openapi": "3.1.0", "a": ' + "[" * 150 + "]" * 150 + "}", "more than 100 levels"),
    "deep flow YAML": (HEAD + "a: " + "[" * MILLION, "nested too deeply"),
    "deep mappings": (HEAD + "a: " + "{a: " * MILLION, "nested too deeply"),
    "deep block YAML": ("- " * MILLION, "nested too deeply"),
    "values without end": ("[" + "[]," * MILLION + "[]]", "more than 300,000 values"),
    "operations without end": (
        '{"openapi": "3.0.0", "paths": {' + ",".join(f'"/{n}": {{"get": {{}}}}' for n in range(10_001)) + "}}",
        "more than 10,000 operations",
    ),
    "values without end in YAML": (HEAD + "a:\n" + "- 1\n" * MILLION, "more than 300,000 values"),
    "a reference to a host": (
        HEAD + "paths: {/a: {$ref: 'https://a.example/b.yaml#/x'}}", "“https://a.example/b.yaml#/x” (at #/paths/~1a)"
    ),
    "a reference to a metadata host": (HEAD + "a: [{$ref: 'http://169.254.169.254/'}]", "(at #/a/0) leads out"),
    "a reference to a file": (HEAD + "components: {schemas: {A: {$ref: 'file:///etc/passwd'}}}", "leads out"),
    "a reference to a file beside it": (HEAD + "a: {$ref: ../common.yaml}", "“../common.yaml”"),
    "a reference in a property called example": (
        HEAD + "components: {schemas: {A: {properties: {example: {$ref: b.yaml}}}}}", "properties/example) leads out"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_ends_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, reason = REFUSED[name]
    opened: list[Any] = []
    monkeypatch.setattr(Path, "open", lambda *given, **_: opened.append(given))
    monkeypatch.setattr("builtins.open", lambda *given, **_: opened.append(given))
    monkeypatch.setattr("socket.socket.connect", lambda *given: opened.append(given))
    monkeypatch.setattr("socket.getaddrinfo", lambda *given: opened.append(given))
    try:
        read_document(raw if isinstance(raw, bytes) else raw.encode())
    except Invalid as refused:
        message, field = refused.message, refused.field
    else:
        message = field = None
    monkeypatch.undo()
    assert opened == [], "it reads no file and asks nobody"
    assert message is not None, "it was taken"
    assert reason in message
    assert field == "document"
    assert len(message) < 500


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: f"openapi: 3.1.0\n{text}".encode("utf-8", "replace"))
)
def test_no_bytes_end_in_another_error(raw: bytes) -> None:
    with suppress(Invalid):
        read_document(raw)
