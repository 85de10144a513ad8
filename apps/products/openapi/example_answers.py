"""The answer that is documented as an example: what a test key gets where there is no backend for tests."""

import json
import re
from dataclasses import dataclass
from typing import Any

from apps.products.openapi.schema import as_dict, as_list, as_text, example_of, merged

BODY_BYTES_MAX = 256 * 1024
_JSON = "application/json"
_MEDIA_TYPE = re.compile(r"[!#$&^.+\-\w]+/[!#$&^.+\-\w]+( *;[ -~]*)?", re.ASCII)
_WITHOUT_BODY = frozenset({204, 205})


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """`media_type` is empty where there is no body."""

    status: int
    media_type: str = ""
    body: bytes = b""


def example_answer(operation: Any) -> ExampleAnswer | None:
    """Of the first response of success that is documented: JSON before other media types.

    The body is its `example`, the first of its `examples`, or made from the schema; empty where none of them says
    anything. None where no response of success is documented, or its example is larger than `BODY_BYTES_MAX`.
    """
    responses = as_dict(as_dict(operation).get("responses"))
    statuses = sorted(str(status) for status in responses if re.fullmatch(r"2([0-9]{2}|XX)", str(status)))
    if not statuses:
        return None
    response = as_dict(next(value for status, value in responses.items() if str(status) == statuses[0]))
    status = 200 if statuses[0] == "2XX" else int(statuses[0])
    contents = sorted(as_dict(response.get("content")).items(), key=lambda item: not _is_json(item[0]))
    if not contents or status in _WITHOUT_BODY:
        return ExampleAnswer(status)
    name, holder = contents[0]
    example = _example(as_dict(holder))
    if example is None:
        return ExampleAnswer(status)
    is_json = _is_json(name) or not isinstance(example, str)
    media_type = name if _MEDIA_TYPE.fullmatch(name) else _JSON if is_json else "text/plain; charset=utf-8"
    text = _json(example, as_dict(holder).get("schema")) if is_json else example
    body = text.encode("utf-8", "replace")
    return ExampleAnswer(status, media_type, body) if len(body) <= BODY_BYTES_MAX else None


def _example(holder: dict[str, Any]) -> Any:
    if "example" in holder:
        return holder["example"]
    for example in as_dict(holder.get("examples")).values():
        if "value" in as_dict(example):
            return example["value"]
    return example_of(holder.get("schema"))


def _json(example: Any, schema: Any) -> str:
    """The value as JSON. A text that is JSON itself, and is not meant as a string, is taken as it is."""
    if isinstance(example, str) and "string" not in (kinds := _kinds(schema)):
        try:
            if kinds or isinstance(json.loads(example), dict | list):
                json.loads(example)
                return example
        except (ValueError, RecursionError):
            pass
    return json.dumps(example, ensure_ascii=False)


def _kinds(schema: Any) -> list[str]:
    kind = merged(schema).get("type")
    return [as_text(name) for name in as_list(kind)] or [name for name in [as_text(kind)] if name]


def _is_json(media_type: str) -> bool:
    return media_type.split(";", maxsplit=1)[0].strip().lower().endswith(("/json", "+json"))
