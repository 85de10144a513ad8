"""What of a call may be written down for people: secrets are blanked out by where they stand and what they are called.

A header, query parameter (also of an address within a text) or field of a JSON, form, XML or plain body whose name has
one of the words below keeps its name and loses its value, and whatever has the shape of an API key of ours is gone
everywhere. Rather too much than too little: what is lost here costs little. A secret under an innocent name is not
found: creators are told so where they turn recording on.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from apps.gateway.engine.messages.request import Header
from apps.keys.secret import PATTERN

REDACTED = "[redacted]"
_SECRET = re.compile(
    r"auth(?!or(?!i))|cookie|(?:api|access|private)[-_ ]?key|token|secret|passw|passphrase|pwd|credential|session"
    r"|signature|^proxy-|^x-rapidapi-",
    re.IGNORECASE,
)
# Words that are secret where they stand alone in a name (`sub_key`, `X-Key`, `userPin`) and not within another word.
_WORDS = frozenset({"key", "keys", "sig", "jwt", "pin", "otp", "cvv", "cvc", "csrf", "xsrf", "pass", "hmac", "apikey"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# In a query or form alone: OAuth's; elsewhere a code is that of an error or a country.
_QUERY_SECRETS = frozenset({"code"})
# A parameter of an address that stands in a text.
_URL_PAIR = re.compile(r"(?<=[?&;#])([^\s=&;#\"'<>]{1,100})=([^\s&;#\"'<>]+)")
_XML_ELEMENT = re.compile(r"(<(?:[\w.-]{1,100}:)?([\w.-]{1,100})(?:\s[^<>]{0,1000})?>)([^<]+)")
# `password=…`, `Password: …`, an attribute of XML.
_ASSIGNMENT = re.compile(r"(?<![\w.-])([\w.-]{1,100})(\s{0,10}[=:]\s{0,10})(\"[^\"\n]*\"?|'[^'\n]*'?|[^\s,;&<>]+)")
# A name in JSON that may be cut off, and what can stand behind it.
_JSON_NAME = re.compile(r'"((?:[^"\\]|\\.){0,256})"\s*:\s*')
_JSON_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s,\]}\[{"]+')
_READABLE = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml)|application/(?:x-ndjson|javascript|graphql)")


def is_secret(name: str) -> bool:
    if _SECRET.search(name) is not None:
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def redacted_headers(headers: Iterable[Header]) -> list[tuple[str, str]]:
    """Every line, in order."""
    return [(_text(name), REDACTED if is_secret(_text(name)) else _scrubbed(_text(value))) for name, value in headers]


def redacted_query(query: bytes) -> str:
    """A query, or a form body."""
    return "".join(part if part in ("&", ";") else _redacted_pair(part) for part in re.split("([&;])", _text(query)))


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
    return _scrubbed(_redacted_json(text, is_cut=is_cut) if "json" in kind else _redacted_text(text))


def _redacted_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return _without_keys(name)
    plain = unquote_plus(name)
    if is_secret(plain) or plain.lower() in _QUERY_SECRETS:
        return f"{name}={REDACTED}"
    inner = unquote_plus(value)
    if inner.lstrip().startswith(("{", "[")):  # JSON as the value of a field
        redacted = _redacted_json(inner, is_cut=False)
        value = quote_plus(redacted) if REDACTED in redacted else value
    elif (scrubbed := _scrubbed(inner)) != inner:  # an address with a query of its own, or a key that is escaped
        value = scrubbed
    return f"{name}={value}"


def _redacted_text(text: str) -> str:
    """A text that is no JSON: elements of XML, and names with a value behind them."""
    text = _XML_ELEMENT.sub(lambda found: found[1] + (REDACTED if is_secret(found[2]) else found[3]), text)
    return _ASSIGNMENT.sub(lambda found: found[1] + found[2] + (REDACTED if is_secret(found[1]) else found[3]), text)


def _scrubbed(text: str) -> str:
    """Without the secrets in addresses, and without keys of ours."""
    return _without_keys(_URL_PAIR.sub(_redacted_url_pair, text))


def _redacted_url_pair(found: re.Match[str]) -> str:
    name = unquote_plus(found[1])
    is_hidden = is_secret(name) or name.lower() in _QUERY_SECRETS
    return f"{found[1]}={REDACTED}" if is_hidden else found[0]


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
