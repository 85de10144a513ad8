"""Which headers pass: from the client to the backend, and back.

Both ways the fields of one hop end here (RFC 9110, 7.6.1): the fixed ones and those that `Connection` names.
What a client could only send to deceive (addresses, our own names) is replaced by what the gateway knows.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from apps.gateway.engine.messages.request import Header

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS = b"x-apifactory-"
# What some frameworks take for the method, the path or the host of a request: with it, a call of one endpoint could
# become one of another, which its plan does not have.
_OTHER_REQUESTS = {
    b"x-host",
    b"x-http-method",
    b"x-http-method-override",
    b"x-method-override",
    b"x-original-host",
    b"x-original-method",
    b"x-original-uri",
    b"x-original-url",
    b"x-rewrite-url",
}
# And for the address of whoever sent it.
_OTHER_ADDRESSES = {
    b"cf-connecting-ip",
    b"cf-connecting-ipv6",
    b"client-ip",
    b"fastly-client-ip",
    b"true-client-ip",
    b"x-client-ip",
    b"x-cluster-client-ip",
    b"x-original-forwarded-for",
    b"x-real-ip",
}
# Said to the backend by the gateway alone. Content-Length follows from how the body was framed.
_NOT_FROM_CLIENT = (
    HOP_BY_HOP
    | _OTHER_REQUESTS
    | _OTHER_ADDRESSES
    | {
        b"content-length",
        b"forwarded",
        b"host",
        b"x-rapidapi-proxy-secret",
        b"x-rapidapi-subscription",
        b"x-rapidapi-user",
    }
)
# Orders to a proxy or browser that concern the gateway's host and not this API, and fields of our own.
_NOT_FROM_BACKEND = HOP_BY_HOP | {
    b"alt-svc",
    b"clear-site-data",
    b"content-length",
    b"public-key-pins",
    b"ratelimit",
    b"ratelimit-policy",
    b"strict-transport-security",
    b"x-ratelimit-limit",
    b"x-ratelimit-remaining",
    b"x-ratelimit-reset",
    b"x-request-id",
    b"x-sendfile",
    b"x-usage-units",
}
_NOT_FROM_BACKEND_PREFIXES = (_OURS, b"x-accel-")
# Names joined with colons, values with spaces: one look for all of them.
_NAMES = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?::[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*")
# What a value may have: everything but control characters, except the tab.
_NO_CONTROL = bytes(byte for byte in range(256) if byte == 0x09 or (byte >= 0x20 and byte != 0x7F))
# What is kept of values of `Connection`: so many, of so many bytes at most.
_KEPT_MAX = 256
_KEPT_BYTES_MAX = 256
_NONE: frozenset[bytes] = frozenset()
# Other codings than chunked, and that at last (RFC 9112, 6.1).
_CODED_CHUNKS = re.compile(rb"(?:(?!chunked[ \t]*,)[a-z0-9-]+[ \t]*,[ \t]*)+chunked")
_DIGITS = re.compile(rb"[0-9]{1,18}")


class BadFraming(Exception):
    """Content-Length is not one number, or stands beside Transfer-Encoding, or that is not just `chunked`."""


class UnknownCoding(BadFraming):
    """The body ends with its last chunk, and within the chunks it is in a coding that is not spoken here."""


def names_of(headers: Iterable[Header]) -> frozenset[bytes]:
    return frozenset([name for name, _ in headers])


def values_of(headers: Iterable[Header], name: bytes) -> list[bytes]:
    return [value for header, value in headers if header == name]


def body_length(headers: Iterable[Header]) -> int | None:
    """The declared length of a body: 0 where there is none, None where it ends with its last chunk.

    Raises `BadFraming`, of which `UnknownCoding` is the kind that HTTP has a status of its own for.
    """
    lengths, is_chunked, is_unknown = set(), False, False
    for name, value in headers:
        if name == b"content-length":
            lengths.add(value.strip())
        elif name == b"transfer-encoding":
            coding = value.strip().lower()
            is_unknown = coding != b"chunked"
            if is_chunked or (is_unknown and not _CODED_CHUNKS.fullmatch(coding)):
                raise BadFraming
            is_chunked = True
    if is_chunked:
        if lengths:
            raise BadFraming
        if is_unknown:
            raise UnknownCoding
        return None
    if not lengths:
        return 0
    length = lengths.pop()
    if lengths or not _DIGITS.fullmatch(length):
        raise BadFraming
    return int(length)


def are_well_formed(headers: Sequence[Header]) -> bool:
    """Whether every name is a token and no value has a control character."""
    if not headers:
        return True
    names, values = zip(*headers, strict=True)
    return are_tokens(b":".join(names), len(names)) and are_clean(values)


def are_clean(values: Iterable[bytes]) -> bool:
    """Whether none of the values has a control character."""
    return not b" ".join(values).translate(None, _NO_CONTROL)


def are_tokens(joined: bytes, count: int) -> bool:
    """Whether so many names, joined with colons, are names of headers."""
    if not count:
        return True
    return bool(_NAMES.fullmatch(joined)) and joined.count(b":") == count - 1


def are_text(headers: Iterable[Header]) -> bool:
    """Whether every value is ASCII or UTF-8: what the client of the backends can send unchanged."""
    for _, value in headers:
        if not value.isascii():
            try:
                value.decode("utf-8")
            except UnicodeDecodeError:
                return False
    return True


def to_backend(headers: list[Header], *, reserved_cookies: Collection[bytes], rapidapi: bool) -> list[Header]:
    """What of the client's headers is forwarded, in order and byte for byte."""
    named = named_in_connection(headers)
    passed = []
    for name, value in headers:
        if name in _NOT_FROM_CLIENT or name in named or b"_" in name:
            continue
        if name.startswith((_OURS, b"x-forwarded-")) or (rapidapi and name == b"x-rapidapi-host"):
            continue
        if name == b"cookie":
            value = _without_cookies(value, reserved_cookies)  # noqa: PLW2901
            if not value:
                continue
        passed.append((name, value))
    return passed


def are_foreign_to_clients(name: bytes) -> bool:
    """Whether a header of this name is not passed on from a backend."""
    return name in _NOT_FROM_BACKEND or name.startswith(_NOT_FROM_BACKEND_PREFIXES)


def named_in_connection(headers: Iterable[Header]) -> frozenset[bytes]:
    """The headers that end at this hop because `Connection` names them (RFC 9110, 7.6.1)."""
    values = values_of(headers, b"connection")
    if not values:
        return _NONE
    joined = b",".join(values)
    return _kept(joined) if len(joined) <= _KEPT_BYTES_MAX else _tokens(joined)


def _tokens(value: bytes) -> frozenset[bytes]:
    return frozenset([name.strip().lower() for name in value.split(b",")])


# The same client sends the same again and again.
_kept = lru_cache(maxsize=_KEPT_MAX)(_tokens)


def _without_cookies(value: bytes, reserved: Collection[bytes]) -> bytes:
    """The Cookie header without those of the portal, which a browser may send where both share a host."""
    kept = [pair for pair in value.split(b";") if pair.partition(b"=")[0].strip() not in reserved]
    return b";".join(kept).strip()


def is_foreign_cookie(value: bytes, own_host: str, reserved: Collection[bytes]) -> bool:
    """Whether a Set-Cookie is for another host than the product's own, or for a cookie of the portal.

    Browsers send one without a name as its value alone, and that may read `name=value` (RFC 6265bis, 5.8.3).
    """
    pair, *attributes = value.split(b";")
    name = pair.partition(b"=")[0].strip()
    if not name or name in reserved:
        return True
    for attribute in attributes:
        key, _, domain = attribute.partition(b"=")
        if key.strip().lower() == b"domain":
            host = domain.strip().lstrip(b".").lower().decode("latin-1")
            if host != own_host or not own_host:
                return True
    return False
