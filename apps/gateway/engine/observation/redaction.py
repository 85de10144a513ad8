"""What of a call may be written down for people: secrets are blanked out by where they stand and what they are called.

A header, query parameter (also of an address within a text) or field of a JSON, form, XML, CSV or plain body whose
name is a secret's (`secret_names`) keeps its name and loses its value, also where name and value are two fields of one
object and where a text stands within another; what has the shape of an API key of ours, and who an address logs in as,
is gone everywhere. Rather too much than too little: what is lost here costs little, and what cannot be read for sure is
lost whole. A secret under an innocent name is not found: creators are told so where they turn recording on.
"""

import re
from collections.abc import Iterable
from functools import partial
from urllib.parse import quote_plus, unquote_plus

from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.observation.redacted_json import redacted_json
from apps.gateway.engine.observation.redacted_markup import redacted_markup
from apps.gateway.engine.observation.redacted_table import redacted_table
from apps.gateway.engine.observation.redacted_words import redacted_words
from apps.gateway.engine.observation.secret_names import (
    REDACTED,
    is_holding,
    is_naming,
    is_secret,
    is_secret_parameter,
)

# How many texts within texts are looked into.
_DEPTH_MAX = 5
_READABLE = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml)|application/(?:x-ndjson|javascript|graphql)")
_TABLES = frozenset({"text/csv", "text/x-csv", "text/comma-separated-values", "text/tab-separated-values"})
_LOOKS_LIKE_JSON = re.compile(r"\s*+(?:\{\s*+[\"}]|\[\s*+[\[{\"])")


def redacted_headers(headers: Iterable[Header]) -> list[tuple[str, str]]:
    """Every line, in order."""
    return [(_text(name), REDACTED if is_secret(_text(name)) else _redacted_header(_text(v))) for name, v in headers]


def redacted_query(query: bytes) -> str:
    """A query, or a form body."""
    text = _text(query)
    if _LOOKS_LIKE_JSON.match(plain := unquote_plus(text)):  # under the content type that a client sends by itself
        return _storable(_redacted(plain))
    fields = [tuple(unquote_plus(side) for side in pair.partition("=")[::2]) for pair in re.split("[&;]", text)]
    is_named = any(is_naming(name) and is_secret(value) for name, value in fields)
    return _storable("&".join([_redacted_pairs(pairs, is_named=is_named) for pairs in text.split("&")]))


def redacted_body(data: bytes, *, headers: Iterable[Header]) -> str:
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
    if "json" in kind:
        kept = redacted_json(text, partial(_redacted, depth=1))
        return "[not kept: no valid JSON]" if kept is None else _storable(kept)
    if kind in _TABLES:
        return _storable(redacted_table(text, partial(_redacted, depth=1)))
    return _storable(_redacted(text, is_html="html" in kind))


def _redacted(text: str, *, depth: int = 0, is_html: bool = False) -> str:
    """A text of any kind."""
    if depth > _DEPTH_MAX:
        return REDACTED
    inner = partial(_redacted, depth=depth + 1)
    if _LOOKS_LIKE_JSON.match(text):
        return redacted_json(text, inner) or REDACTED
    if "<" in text:
        return redacted_markup(text, inner, is_html=is_html)
    return redacted_words(text)


def _redacted_header(value: str) -> str:
    kept = _redacted(value) if _LOOKS_LIKE_JSON.match(value) else redacted_words(value)
    return _storable(kept) if REDACTED in kept else value


def _redacted_pairs(text: str, *, is_named: bool) -> str:
    """`is_named`: another one says that the value is a secret. To some, a semicolon parts pairs; to most it is text."""
    kept = []
    for pair in text.split(";"):
        name, equals, value = pair.partition("=")
        plain = unquote_plus(name)
        if equals and (is_secret_parameter(plain) or (is_named and is_holding(plain))):
            kept.append(f"{name}={REDACTED}")
            break
        kept.append(_redacted_escaped(name) + equals + _redacted_escaped(value))
    return ";".join(kept)


def _redacted_escaped(text: str) -> str:
    kept = _redacted(unquote_plus(text))
    return quote_plus(kept, safe="[]:/?&=,; ") if REDACTED in kept else text


def _text(data: bytes) -> str:
    return _storable(data.decode("utf-8", "replace"))


def _storable(text: str) -> str:
    """Without what Postgres cannot store: NUL, and halves of characters that JSON can write."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
