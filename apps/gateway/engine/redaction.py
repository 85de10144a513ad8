"""What of a call may be written down for people: secrets are blanked out by where they stand and what they are called.

A header, query parameter or field of a JSON or form body whose name has one of the words below keeps its name and
loses its value, and whatever has the shape of an API key of ours is gone everywhere. A secret under an innocent name
is not found: creators are told so where they turn recording on.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

from apps.gateway.engine.request import Header
from apps.keys.secret import PATTERN

REDACTED = "[redacted]"
_SECRET = re.compile(
    r"auth(?!or(?!i))|cookie|(?:api|access|private)[-_ ]?key|token|secret|passw|passphrase|pwd|credential|session"
    r"|signature|^proxy-|^x-rapidapi-",
    re.IGNORECASE,
)
# A name in JSON that may be cut off, and what can stand behind it.
_JSON_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_JSON_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s,\]}\[{"]+')
_READABLE = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml)|application/(?:x-ndjson|javascript|graphql)")


def is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def redacted_headers(headers: Iterable[Header]) -> list[tuple[str, str]]:
    """Every line, in order."""
    return [
        (_text(name), REDACTED if is_secret(_text(name)) else _without_keys(_text(value))) for name, value in headers
    ]


def redacted_query(query: bytes) -> str:
    """A query, or a form body."""
    return "&".join(_redacted_pair(pair) for pair in _text(query).split("&"))


def redacted_body(data: bytes, *, is_cut: bool, headers: Iterable[Header]) -> str:
    """The beginning of a body as text; in the place of what is no text, or is compressed, a word about it."""
    values = {name: _text(value).strip().lower() for name, value in headers}
    if not data:
        return ""
    if values.get(b"content-encoding", "identity") != "identity":
        return f"[not kept: {values[b'content-encoding']}]"
    kind = values.get(b"content-type", "").partition(";")[0].strip()
    if kind == "application/x-www-form-urlencoded":
        return redacted_query(data)
    if not _READABLE.match(kind):
        return f"[not kept: {kind or 'no content type'}]"
    text = _text(data)
    return _without_keys(_redacted_json(text, is_cut=is_cut) if "json" in kind else text)


def _redacted_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={REDACTED}" if equals and is_secret(unquote_plus(name)) else _without_keys(f"{name}{equals}{value}")


def _redacted_json(text: str, *, is_cut: bool) -> str:
    if not is_cut:
        try:
            return json.dumps(_walk(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return _redacted_by_names(text)


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: REDACTED if is_secret(name) else _walk(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_walk(part) for part in value]
    return value


def _redacted_by_names(text: str) -> str:
    """JSON that cannot be parsed: from a secret's name on, its value goes; one with parts takes all behind it along."""
    kept, at = [], 0
    while name := _JSON_NAME.search(text, at):
        if not is_secret(name[1]) and "\\" not in name[1]:
            kept.append(text[at : name.end()])
            at = name.end()
            continue
        kept.append(text[at : name.end()])
        value = _JSON_SCALAR.match(text, name.end())
        kept.append(f'"{REDACTED}"')
        if value is None:
            return "".join(kept)
        at = value.end()
    return "".join([*kept, text[at:]])


def _without_keys(text: str) -> str:
    return PATTERN.sub(REDACTED, text)


def _text(data: bytes) -> str:
    """As UTF-8, with what is none replaced, and without what Postgres cannot store."""
    return data.decode("utf-8", "replace").replace("\x00", "\ufffd")
