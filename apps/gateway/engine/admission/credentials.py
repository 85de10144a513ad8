"""The consumer's key: where it may stand, and what is left of the request without it.

`Authorization: Bearer`, `X-Api-Key`, `?api_key=`, and `X-RapidAPI-Key` where the product allows it. Other
schemes of `Authorization` are between the consumer and the backend and pass. A name with an underscore
(`X_Api_Key`) is not the name with a hyphen; such headers are dropped (`headers`).
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from apps.gateway.engine.messages.request import Header

QUERY_PARAMETER = "api_key"
HEADER = b"x-api-key"
RAPIDAPI_HEADER = b"x-rapidapi-key"
# What a key has, percent-encoded, and however often that was encoded again (`%5F`, `%255F`, `%25255F`).
_AGAIN = re.compile(rb"%(?:25)+")
_ESCAPED = re.compile(rb"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff])")

_KEY_NAMES = frozenset({HEADER, RAPIDAPI_HEADER, b"authorization"})


class ConflictingKeys(Exception):
    """Two keys that differ: it is not known who calls."""


@dataclass(slots=True)
class Credentials:
    """`secret` is "" where there is none; `headers` and `query` are what may be forwarded."""

    secret: str
    headers: list[Header]
    query: bytes


def extract(headers: list[Header], query: bytes, *, rapidapi: bool) -> Credentials:
    """Take the key out of the request. The same key in several places is fine.

    Raises `ConflictingKeys`.
    """
    found: set[str] = set()
    kept: list[Header] = []
    for header in headers:
        value = _key_in(header, rapidapi=rapidapi)
        if value is None:
            kept.append(header)
        elif value:
            found.add(value)
    if may_have_key(query):
        query = _take_from_query(query, found)
    if len(found) > 1:
        raise ConflictingKeys
    secret = found.pop() if found else ""
    if secret:
        needle = secret.encode("latin-1", "replace")
        # Wherever else it stands, such as in the Referer of a page that had it in its address.
        kept = [header for header in kept if not _holds(header[1], needle)]
        if _holds(query, needle):
            query = b"&".join(pair for pair in query.split(b"&") if not _holds(pair, needle))
    return Credentials(secret, kept, query)


def may_have_key(query: bytes) -> bool:
    """Whether a key could stand in the query: most have none, and are not looked into."""
    return b"api_key" in query or b"%" in query


def _holds(text: bytes, needle: bytes) -> bool:
    """Whether it stands there, as it is or percent-encoded, however often."""
    return needle in text or (b"%" in text and needle in _ESCAPED.sub(_unescaped, _AGAIN.sub(b"%", text)))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[0][1:].decode())


def _key_in(header: Header, *, rapidapi: bool) -> str | None:
    """The key that the header carries, "" for an empty one; None where the header is not for keys."""
    name, value = header
    if name not in _KEY_NAMES:
        return None
    if name == HEADER or (rapidapi and name == RAPIDAPI_HEADER):
        return value.decode("latin-1").strip()
    if name == b"authorization":
        scheme, _, token = value.strip().partition(b" ")
        if scheme.lower() == b"bearer":
            return token.decode("latin-1").strip()
    return None


def _take_from_query(query: bytes, found: set[str]) -> bytes:
    """The query without `api_key`, every other byte as it was; its values are added to `found`."""
    kept = []
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if unquote_plus(name.decode("latin-1")) != QUERY_PARAMETER:
            kept.append(pair)
        elif value:
            found.add(unquote_plus(value.decode("latin-1")))
    return b"&".join(kept)
