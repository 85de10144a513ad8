"""JSON without its secrets: whole, one document a line, or cut off in the middle."""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

from apps.gateway.engine.observation.secret_names import REDACTED, is_holding, is_naming, is_secret

_TOKEN = re.compile(r'"(?:[^"\\]++|\\u[0-9a-fA-F]{4}|\\[^u])*+("?)|[\[\]{}:,]|[^\s"\[\]{}:,]++')
_CLOSERS = {"{": "}", "[": "]"}
# What may hold a value whose name was cut off.
_VALUES = frozenset({"value", "values", "val"})


def redacted_json(text: str, inner: Callable[[str], str]) -> str | None:
    """None for what is no JSON. `inner` takes the secrets out of a string."""
    walk = _Walk(inner)
    try:
        documents = _documents(text)
        return "\n".join([json.dumps(walk.over(value, is_open=cut), ensure_ascii=False) for value, cut in documents])
    except (ValueError, RecursionError):
        return None


def _documents(text: str) -> list[tuple[Any, bool]]:
    """Each with whether it is cut off."""
    with contextlib.suppress(ValueError):
        return [(_load(text), False)]
    lines = [line for line in (line.strip("\x1e \t\r") for line in text.split("\n")) if line] or [""]
    try:
        found = [(_load(line), False) for line in lines[:-1]]
    except ValueError:
        return [(_load(_closed(text)), True)]
    try:
        return [*found, (_load(lines[-1]), False)]
    except ValueError:
        return [*found, (_load(_closed(lines[-1])), True)]


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_fields)


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that is there twice could hide what the first one said."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("A name is there twice.")
    return fields


def _closed(text: str) -> str:
    """A beginning of JSON, made whole: what is open is closed. What is no such beginning stays invalid."""
    open_, last, before, end = [], "", "", 0
    for found in _TOKEN.finditer(text):
        before, last, end = last, found[0], found.end()
        if last in _CLOSERS:
            open_.append(last)
        elif last in ("}", "]") and open_:
            open_.pop()
        elif last[0] == '"' and not found[1]:
            text = text[:end] + '"'  # without the beginning of an escape
            break
    if last.startswith('"'):
        if open_ and open_[-1] == "{" and before in ("{", ","):
            text += ":null"
    elif last == ":":
        text += "null"
    elif last == ",":
        text = text[: end - 1]
    elif last and last not in "[]{}":  # a number or a word that may go on
        text = text[: end - len(last)] + "null"
    return text + "".join(_CLOSERS[bracket] for bracket in reversed(open_))


class _Walk:
    def __init__(self, inner: Callable[[str], str]) -> None:
        self._inner = inner

    def over(self, value: Any, *, is_open: bool) -> Any:
        """`is_open`: its end is cut off."""
        if isinstance(value, dict):
            return self._over_fields(value, is_open=is_open)
        if isinstance(value, list):
            if len(value) == 2 and _is_secret_name(value[0]):
                return [value[0], REDACTED]
            last = len(value) - 1
            return [self.over(part, is_open=is_open and at == last) for at, part in enumerate(value)]
        return self._inner(value) if isinstance(value, str) else value

    def _over_fields(self, fields: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
        is_named = any(is_naming(name) and _is_secret_name(value) for name, value in fields.items())
        last = next(reversed(fields), None)
        kept = {}
        for name, value in fields.items():
            is_hidden = is_secret(name) or (is_named and is_holding(name)) or (is_open and name.lower() in _VALUES)
            kept[name] = REDACTED if is_hidden else self.over(value, is_open=is_open and name == last)
        return kept


def _is_secret_name(value: Any) -> bool:
    return isinstance(value, str) and is_secret(value)
