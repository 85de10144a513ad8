"""The call that a sample shows: an endpoint's route filled with example values."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from apps.core.json_values import fault_in
from apps.products.openapi.operation import Operation, Parameter
from apps.products.paths import PathTemplate

# What RFC 9110 lets the name of a header be.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Of a JSON body that a sample spells out; others are sent as text.
_DEEPEST = 30
_VALUES_MAX = 5_000
# Written where the caller's own key belongs.
KEY_PLACEHOLDER = "YOUR_API_KEY"


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """`headers` hold the key and, with a body, its media type."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def json_body(self) -> Any:
        """The value of a body that is sent as JSON.

        Raises ValueError for any other body, and for what is too large to spell out.
        """
        if not self.body or dict(self.headers).get("Content-Type") != "application/json":
            raise ValueError("The body is not sent as JSON.")
        try:
            value = json.loads(self.body)
        except RecursionError:
            value = None
        if value is None or fault_in(value, deepest=_DEEPEST, most_values=_VALUES_MAX):
            raise ValueError("The body is not a JSON value of a usual size.")
        return value


def sample_request(
    *, method: str, template: PathTemplate, operation: Operation, base_url: str, key: str = KEY_PLACEHOLDER
) -> SampleRequest:
    """The shortest call that should succeed: required parameters only, and the body in the first media type.

    `base_url` is the product's address at the gateway, without a trailing slash.
    """
    headers = [("Authorization", f"Bearer {key}")]
    headers += [(p.name, _text(p)) for p in operation.parameters_in("header") if p.required and _is_header(p)]
    body = ""
    if operation.body is not None and operation.body.contents:
        content = operation.body.contents[0]
        body = content.example
        if body:
            headers.append(("Content-Type", "application/json" if content.is_json else content.media_type))
    query = "&".join(
        f"{quote(p.name, safe='')}={quote(_text(p), safe=',:')}" for p in operation.parameters_in("query") if p.required
    )
    url = base_url + _path(template, operation) + (f"?{query}" if query else "")
    return SampleRequest(method, url, tuple(headers), body)


def _path(template: PathTemplate, operation: Operation) -> str:
    values = {p.name: quote(_text(p), safe="") for p in operation.parameters_in("path")}
    return "/" + "/".join(
        f"{segment.prefix}{values.get(segment.parameter, segment.parameter.upper())}{segment.suffix}"
        if segment.parameter
        else segment.prefix
        for segment in template.segments
    )


def _text(parameter: Parameter) -> str:
    value: Any = parameter.example
    if isinstance(value, list):
        return ",".join(_scalar(item) for item in value)
    # A string that was made from the type alone says less than the parameter's name.
    return parameter.name.upper() if value in (None, "string", "") else _scalar(value)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_header(parameter: Parameter) -> bool:
    """OpenAPI says that these three are described elsewhere and ignored as parameters."""
    name = parameter.name.lower()
    return bool(_TOKEN.fullmatch(name)) and name not in ("accept", "content-type", "authorization")
