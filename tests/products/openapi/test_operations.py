"""Operations of all dialects as Operation Objects of 3.1 that stand alone."""

import json
from typing import Any

import pytest

from apps.products.openapi.operations import Contents, read_operations
from apps.products.openapi.reading import as_document
from apps.products.openapi.servers import suggested_backend


def contents(paths: dict[str, Any], version: str = "3.1.0", **parts: Any) -> Contents:
    key = "swagger" if version == "2.0" else "openapi"
    return read_operations(as_document({key: version, "paths": paths, **parts}))


def operation(raw: dict[str, Any], version: str = "3.1.0", *, path: str = "/a", **parts: Any) -> dict[str, Any]:
    found = contents({path: {"post": raw}}, version, **parts)
    return found.operations[0].operation


def schema(raw: Any, version: str = "3.1.0", **schemas: Any) -> Any:
    body = {"content": {"application/json": {"schema": raw}}}
    found = operation({"requestBody": body}, version, components={"schemas": schemas})
    return found["requestBody"]["content"]["application/json"]["schema"]


class TestSwagger2:
    def test_a_body_and_its_media_types(self) -> None:
        found = operation(
            {
                "consumes": ["application/json", "text/xml"],
                "parameters": [{"$ref": "#/parameters/pet"}, {"in": "header", "name": "X-A", "type": "integer"}],
                "responses": {
                    "200": {
                        "description": "Done",
                        "schema": {"$ref": "#/definitions/Pet"},
                        "headers": {"X-Left": {"type": "integer", "description": "How many"}},
                        "examples": {"application/json": {"name": "Rex"}},
                    },
                    "404": {"$ref": "#/responses/gone"},
                },
            },
            "2.0",
            produces=["application/json"],
            parameters={"pet": {"in": "body", "name": "p", "required": True, "schema": {"$ref": "#/definitions/Pet"}}},
            responses={"gone": {"description": "Gone"}},
            definitions={"Pet": {"type": "object", "properties": {"name": {"type": "string", "x-nullable": True}}}},
        )
        pet = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}
        assert found == {
            "parameters": [{"name": "X-A", "in": "header", "schema": {"type": "integer"}}],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": pet}, "text/xml": {"schema": pet}},
            },
            "responses": {
                "200": {
                    "description": "Done",
                    "headers": {"X-Left": {"description": "How many", "schema": {"type": "integer"}}},
                    "content": {"application/json": {"schema": pet, "example": {"name": "Rex"}}},
                },
                "404": {"description": "Gone"},
            },
        }

    @pytest.mark.parametrize(
        ("kind", "consumes", "expected"),
        [
            ("string", [], "application/x-www-form-urlencoded"),
            ("string", ["multipart/form-data"], "multipart/form-data"),
            ("file", [], "multipart/form-data"),
            ("file", ["application/x-www-form-urlencoded"], "multipart/form-data"),
        ],
    )
    def test_a_form(self, kind: str, consumes: list[str], expected: str) -> None:
        parameter = {"in": "formData", "name": "f", "type": kind, "required": True, "description": "It"}
        body = operation({"parameters": [parameter], "consumes": consumes}, "2.0")["requestBody"]
        value = {"type": "string", "format": "binary"} if kind == "file" else {"type": "string"}
        assert body == {
            "required": True,
            "content": {
                expected: {
                    "schema": {
                        "properties": {"f": value | {"description": "It"}}, "type": "object", "required": ["f"],
                    }
                }
            },
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("form", "style", "explode"),
        [(None, "form", False), ("csv", "form", False), ("multi", "form", True), ("ssv", "spaceDelimited", False),
         ("pipes", "pipeDelimited", False), ("tsv", "form", False)],
    )  # fmt: skip
    def test_how_lists_are_written(self, form: str | None, style: str, explode: bool) -> None:
        raw = {"in": "query", "name": "q", "type": "array", "items": {"type": "string"}, "minItems": 1}
        raw |= {"collectionFormat": form} if form else {}
        (parameter,) = operation({"parameters": [raw]}, "2.0")["parameters"]
        assert (parameter["style"], parameter["explode"]) == (style, explode)
        assert parameter["schema"] == {"type": "array", "items": {"type": "string"}, "minItems": 1}

    def test_a_parameter_of_the_path_gives_way_to_that_of_the_operation(self) -> None:
        shared = [{"in": "query", "name": "q", "type": "string"}, {"in": "body", "name": "a", "schema": {}}]
        own = [
            {"in": "query", "name": "q", "type": "integer"},
            {"in": "body", "name": "b", "schema": {"type": "array"}},
        ]
        found = contents({"/a": {"parameters": shared, "put": {"parameters": own}}}, "2.0").operations[0].operation
        assert found["parameters"] == [{"name": "q", "in": "query", "schema": {"type": "integer"}}]
        assert found["requestBody"]["content"] == {"application/json": {"schema": {"type": "array"}}}


class TestSchemas:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
            ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
            ({"nullable": True}, {}),
            ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 0}),
            ({"type": "integer", "minimum": 0, "exclusiveMinimum": False}, {"type": "integer", "minimum": 0}),
            ({"type": "string", "example": "x"}, {"type": "string", "examples": ["x"]}),
            ({"type": "array", "items": [{"type": "null"}]}, {"type": "array", "prefixItems": [{"type": "null"}]}),
            ({"discriminator": "kind"}, {"discriminator": {"propertyName": "kind"}}),
            ({"type": ["int", "bool", "integer"]}, {"type": ["integer", "boolean"]}),
            ({"type": "integr", "x-a": 1, "nonsense": 2, "minLength": -1, "required": True, "enum": []}, {}),
            ({"type": "integer", "default": "ten"}, {"type": "integer"}),
            ({"properties": {"default": {"type": "string", "default": "x"}}},
             {"properties": {"default": {"type": "string", "default": "x"}}}),
            (True, True),
            ("x", {}),
        ],
    )  # fmt: skip
    def test_become_those_of_3_1(self, raw: Any, expected: Any) -> None:
        assert schema(raw, "3.0.3") == expected

    def test_references_are_written_out_and_what_stands_beside_them_counts(self) -> None:
        pet = {"type": "object", "description": "A pet"}
        reference = {"$ref": "#/components/schemas/Pet"}
        assert schema(reference, Pet=pet) == pet
        assert schema(reference | {"description": "Mine"}, Pet=pet) == pet | {"description": "Mine"}
        assert schema(reference | {"minProperties": 1}, Pet=pet) == {"allOf": [pet], "minProperties": 1}
        assert schema({"$ref": "#/components/schemas/a~1b%20c"}, **{"a/b c": pet}) == pet

    def test_a_schema_that_refers_to_itself_is_written_out_once(self) -> None:
        node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}, "value": {"type": "string"}}}
        assert schema({"$ref": "#/components/schemas/Node"}, Node=node) == node
        first, second = {"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/A"}
        assert schema(second, A=first, B=second) == {"$ref": "#/components/schemas/A"}

    def test_references_that_multiply_end(self) -> None:
        schemas = {
            f"S{i}": {"properties": {name: {"$ref": f"#/components/schemas/S{i + 1}"} for name in "abcdefgh"}}
            for i in range(60)
        }
        paths = {f"/{i}": {"get": {"requestBody": body_of("S0")}} for i in range(300)}
        found = contents(paths, components={"schemas": schemas})
        assert len(found.operations) == 300
        assert max(len(json.dumps(one.operation)) for one in found.operations) < 256 * 1024
        assert any("repeat so often" in warning.text for warning in found.warnings)

    def test_documentation_that_is_too_large_is_cut_down(self) -> None:
        large = {"properties": {f"p{i}": {"description": "x" * 1_000} for i in range(200)}}
        body = {"content": {f"application/{i}": {"schema": {"$ref": "#/components/schemas/L"}} for i in range(3)}}
        found = contents({"/a": {"put": {"requestBody": body, "summary": "S"}}}, components={"schemas": {"L": large}})
        assert found.operations[0].operation["requestBody"]["content"]["application/2"]["schema"] == {
            "$ref": "#/components/schemas/L"
        }
        found = contents({"/a/{id}": {"put": {"description": "x" * 300_000, "summary": "S"}}})
        assert found.operations[0].operation["summary"] == "S"
        assert "description" not in found.operations[0].operation
        assert "only its summary" in found.warnings[0].text


def body_of(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


class TestPaths:
    def test_every_parameter_of_the_path_is_described_and_no_other(self) -> None:
        raw = {
            "parameters": [
                {"name": "id", "in": "path", "schema": {"type": "integer"}}, {"name": "x", "in": "path"},
                {"name": "q", "in": "nowhere"}, {"in": "query"}, "x", {"$ref": "#/components/parameters/page"},
            ],
        }  # fmt: skip
        page = {"name": "page", "in": "query", "style": "simple", "schema": {"type": "integer"}}
        found = operation(raw, path="/a/{id}/{part}.json", components={"parameters": {"page": page}})
        assert found["parameters"] == [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "page", "in": "query", "schema": {"type": "integer"}},
            {"name": "part", "in": "path", "required": True, "schema": {"type": "string"}},
        ]

    def test_a_path_by_reference(self) -> None:
        shared = {"get": {"summary": "One"}, "post": {"summary": "Two"}}
        found = contents(
            {"/a": {"$ref": "#/components/pathItems/A", "post": {"summary": "Mine"}}, "/b": {"$ref": "#/nothing"}},
            components={"pathItems": {"A": shared}},
        )
        assert [(str(one), one.summary) for one in found.operations] == [("GET /a", "One"), ("POST /a", "Mine")]
        assert any(warning.place == "/b" for warning in found.warnings)

    def test_what_cannot_be_an_endpoint_is_said_where(self) -> None:
        found = contents(
            {
                "/a": {"trace": {}, "get": {}, "x-tool": {}, "summary": "S", "GET": {}},
                "/a?b=c": {"get": {}}, "/{a}-{b}": {"get": {}}, "no-slash": {"put": {}}, "/a//b": {"get": {}},
                "/p/{x}": {"get": {"operationId": "p"}}, "/p/{y}": {"get": {"operationId": "q"}},
                "/q": {"get": {"operationId": "p"}, "servers": [{"url": "https://other.example"}]},
                "x-tool": {"get": {}}, "/n": None,
            },
            webhooks={"w": {"post": {}}},
            components={"securitySchemes": {"basic": {"type": "http"}}},
        )  # fmt: skip
        assert [str(one) for one in found.operations] == ["GET /a", "GET /p/{x}", "GET /q"]
        assert [one.operation_id for one in found.operations] == ["", "p", ""]
        places = [warning.place for warning in found.warnings]
        assert places == [
            "TRACE /a", "GET /a", "GET /a?b=c", "GET /{a}-{b}", "PUT no-slash", "GET /a//b", "GET /p/{y}",
            "/q", "GET /q", "", "",
        ]  # fmt: skip
        assert "basic" in found.warnings[-1].text
        assert "Webhooks" in found.warnings[-2].text

    @pytest.mark.parametrize(
        "raw", [None, [], "x", {"get": None}, {"get": []}, {"parameters": "x", "get": {"tags": 1}}]
    )
    def test_nonsense_is_left_out(self, raw: Any) -> None:
        assert all(one.operation == {} for one in contents({"/a": raw}).operations)
        odd = {"parameters": {}, "requestBody": [], "responses": [], "summary": 1, "tags": "x", "deprecated": "yes"}
        assert operation(odd) == {}
        deep = {"responses": {"200": 1, "abc": {}, "2XX": {"headers": {"A": 1}, "content": {"a/b": 1}}}}
        assert operation(deep) == {
            "responses": {"200": {"description": ""}, "2XX": {"description": "", "content": {"a/b": {}}}}
        }

    def test_a_parameter_that_goes_in_circles_is_left_out(self) -> None:
        circle = {"$ref": "#/components/parameters/a"}
        assert operation({"parameters": [circle]}, components={"parameters": {"a": circle}}) == {}


VARIABLES = {"s": {"default": "https"}, "h": {"default": "a.example"}}


@pytest.mark.parametrize(
    ("content", "origin", "expected"),
    [
        (
            {"swagger": "2.0", "host": "a.example", "basePath": "/v1/", "schemes": ["http", "https"]},
            "", "https://a.example/v1",
        ),
        ({"swagger": "2.0", "host": "a.example", "schemes": ["http"]}, "", "http://a.example"),
        ({"swagger": "2.0", "basePath": "/v1"}, "", ""),
        ({"swagger": "2.0", "basePath": "/v1"}, "https://b.example:8443/docs/a.json", "https://b.example:8443/v1"),
        ({"openapi": "3.0.0"}, "petstore.yaml", ""),
        ({"openapi": "3.0.0", "servers": [{"url": "//a.example/x/"}]}, "", "https://a.example/x"),
        ({"openapi": "3.0.0", "servers": [{"url": "/v2"}]}, "https://b.example", "https://b.example/v2"),
        (
            {"openapi": "3.1.0", "servers": [{"url": "{s}://{h}/{none}", "variables": VARIABLES}]},
            "", "https://a.example",
        ),
        ({"openapi": "3.1.0", "servers": [{"url": "ftp://a.example"}]}, "", ""),
        ({"openapi": "3.1.0", "servers": "x"}, "", ""),
    ],
)  # fmt: skip
def test_the_backend_that_a_document_names(content: dict[str, Any], origin: str, expected: str) -> None:
    assert suggested_backend(as_document(content), origin=origin) == expected


def test_what_is_left_out_of_a_path_is_told_for_what_it_is() -> None:
    found = contents({"/a": {"get": [], "trace": {}}, "/b": {"$ref": "#/paths/~1b"}, "/c": {"$ref": "#/paths/none"}})
    told = {(warning.place, str(warning.text)) for warning in found.warnings}
    assert ("GET /a", "Left out: it is no object.") in told
    assert ("TRACE /a", "Left out: the gateway does not route this method.") in told
    assert {place for place, text in told if "in a circle" in text} == {"/b", "/c"}
