"""What the built-in product Hello says about its endpoints: OpenAPI Operation Objects, for its documentation."""

from typing import Any


def _enveloped(description: str, properties: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """An answer in the envelope of the REST API, which is the backend of the product."""
    schema = {
        "type": "object",
        "required": ["success", "data", "error", "meta"],
        "properties": {
            "success": {"type": "boolean"},
            "data": {"type": "object", "required": sorted(properties), "properties": properties},
            "error": {"type": "null"},
            "meta": {"type": "object", "properties": {"request_id": {"type": "string"}}},
        },
    }
    whole = {
        "success": True,
        "data": example,
        "error": None,
        "meta": {"request_id": "req_0197c1f2a8b44e0f9d3c5b6a7f8e9d0c"},
    }
    return {"description": description, "content": {"application/json": {"schema": schema, "example": whole}}}


PING: dict[str, Any] = {
    "summary": "Say hello",
    "description": "Answers at once, with the time of the installation.",
    "responses": {
        "200": _enveloped(
            "It is there.",
            {"message": {"type": "string", "const": "pong"}, "time": {"type": "string", "format": "date-time"}},
            {"message": "pong", "time": "2027-03-04T05:06:07Z"},
        ),
    },
}

ECHO: dict[str, Any] = {
    "summary": "Get back what you send",
    "description": "Any JSON value.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"message": "hello"}}},
    },
    "responses": {
        "200": _enveloped(
            "What was sent.", {"echo": {"description": "Any JSON value."}}, {"echo": {"message": "hello"}}
        ),
        "400": {"description": "The body is not JSON."},
    },
}
