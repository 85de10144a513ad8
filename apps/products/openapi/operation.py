"""An OpenAPI Operation Object (3.0 or 3.1) as plain data for the documentation of an endpoint.

It comes from a creator and may have any shape: whatever is not understood is left out, nothing raises.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.products.openapi.constraints import constraints_of, written
from apps.products.openapi.schema import (
    Field,
    allowed_values,
    as_dict,
    as_list,
    as_text,
    example_of,
    fields_of,
    merged,
    type_in_words,
)

EXAMPLE_CHARACTERS_MAX = 20_000
PARAMETER_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Parameter:
    """`location` is path, query, header or cookie; `example` a value to call with, None where there is none.

    `documented` is the example that the document itself gives, as text; empty without one.
    """

    name: str
    location: str
    required: bool
    type: str
    description: str
    allowed: tuple[str, ...] = ()
    deprecated: bool = False
    example: Any = None
    constraints: tuple[str, ...] = ()
    documented: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A body in one media type. `example` is text as it would be sent; empty where none can be given."""

    media_type: str
    type: str
    fields: tuple[Field, ...]
    example: str

    @property
    def is_json(self) -> bool:
        return self.media_type.split(";")[0].strip().lower().endswith(("/json", "+json"))


@dataclass(frozen=True, slots=True)
class RequestBody:
    description: str
    required: bool
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """`status` is a code, a range such as 4XX, or `default`."""

    status: str
    description: str
    contents: tuple[Content, ...]

    @property
    def tone(self) -> str:
        return {"2": "green", "3": "green", "4": "amber", "5": "red"}.get(self.status[:1], "neutral")


@dataclass(frozen=True, slots=True)
class Operation:
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: RequestBody | None = None
    responses: tuple[Response, ...] = field(default=())

    @property
    def reply(self) -> tuple[Response, Content] | None:
        """The first answer of success that has an example, and the example."""
        for response in self.responses:
            for content in response.contents:
                if response.status.startswith("2") and content.example:
                    return response, content
        return None

    def parameters_in(self, location: str) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.location == location]


def parse_operation(operation: Any, *, path_parameters: Sequence[str] = ()) -> Operation:
    """Read an Operation Object. Each of `path_parameters` is listed, whether the document names it or not."""
    operation = as_dict(operation)
    return Operation(
        summary=as_text(operation.get("summary")),
        description=as_text(operation.get("description")),
        deprecated=operation.get("deprecated") is True,
        tags=tuple(filter(None, map(as_text, as_list(operation.get("tags"))))),
        parameters=_parameters(operation, path_parameters),
        body=_body(operation),
        responses=_responses(operation),
    )


def _parameters(operation: dict[str, Any], path_parameters: Sequence[str]) -> tuple[Parameter, ...]:
    described = [_parameter(as_dict(item)) for item in as_list(operation.get("parameters"))]
    known = {parameter.name: parameter for parameter in described if parameter.location == "path"}
    in_path = [
        known.get(name) or Parameter(name, "path", required=True, type="string", description="")
        for name in path_parameters
    ]
    others = [p for p in described if p.name and p.location in ("query", "header", "cookie")]
    return (*in_path, *others)


def _parameter(item: dict[str, Any]) -> Parameter:
    # A parameter has a schema, or `content` with one media type.
    content = next(iter(as_dict(item.get("content")).values()), None)
    schema = item.get("schema") or as_dict(content).get("schema")
    location = as_text(item.get("in"))
    documented = _documented_example(item, schema)
    return Parameter(
        name=as_text(item.get("name")),
        location=location,
        required=location == "path" or item.get("required") is True,
        type=type_in_words(schema),
        description=as_text(item.get("description")),
        allowed=allowed_values(schema),
        deprecated=item.get("deprecated") is True,
        example=_given_example(item, schema),
        constraints=constraints_of(merged(schema)),
        documented="" if documented is None else written(documented)[:PARAMETER_CHARACTERS_MAX],
    )


def _body(operation: dict[str, Any]) -> RequestBody | None:
    body = as_dict(operation.get("requestBody"))
    if not body:
        return None
    return RequestBody(as_text(body.get("description")), body.get("required") is True, _contents(body))


def _responses(operation: dict[str, Any]) -> tuple[Response, ...]:
    return tuple(
        Response(str(status), as_text(as_dict(response).get("description")), _contents(as_dict(response)))
        for status, response in as_dict(operation.get("responses")).items()
        if not str(status).startswith("x-")
    )


def _contents(holder: dict[str, Any]) -> tuple[Content, ...]:
    contents = []
    for media_type, part in as_dict(holder.get("content")).items():
        schema = as_dict(part).get("schema")
        contents.append(
            Content(media_type, type_in_words(schema), fields_of(schema), _text(_given_example(as_dict(part), schema)))
        )
    return tuple(contents)


def _given_example(holder: dict[str, Any], schema: Any) -> Any:
    given = _example_beside(holder)
    return example_of(schema) if given is None else given


def _example_beside(holder: dict[str, Any]) -> Any:
    """The example that stands beside a schema, not in it."""
    if "example" in holder:
        return holder["example"]
    for example in as_dict(holder.get("examples")).values():
        if "value" in as_dict(example):
            return example["value"]
    return None


def _documented_example(holder: dict[str, Any], schema: Any) -> Any:
    given = _example_beside(holder)
    if given is not None:
        return given
    schema = merged(schema)
    return schema.get("example", next(iter(as_list(schema.get("examples"))), None))


def _text(example: Any) -> str:
    if example is None:
        return ""
    text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return text if len(text) <= EXAMPLE_CHARACTERS_MAX else f"{text[:EXAMPLE_CHARACTERS_MAX]}\n…"
