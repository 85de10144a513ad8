"""What follows from the header lines of a request alone, worked out once: a client sends the same again and again.

Nothing of it depends on the product that is called, on the target or on the caller's address.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from apps.gateway.engine.admission.credentials import ConflictingKeys, Credentials, extract
from apps.gateway.engine.messages.headers import (
    BadFraming,
    UnknownCoding,
    are_text,
    are_well_formed,
    body_length,
    names_of,
    to_backend,
    values_of,
)
from apps.gateway.engine.messages.request import Header
from apps.keys import secret as key_secret

# What is kept: so many heads, of so many lines and bytes at most. Together they take some ten megabytes.
_KEPT_MAX = 2048
_LINES_MAX = 32
_BYTES_MAX = 2048

_AUTHORITY_MAX = 300  # a name of the DNS has 253 characters
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Head:
    """The lists in it are shared by all requests with this head: they are not to be changed."""

    names: frozenset[bytes]
    is_sound: bool  # every name and value is what a header may have
    is_clear: bool  # how long the body is
    has_unknown_coding: bool  # it is not clear for that alone
    body_length: int | None  # 0: there is none; None: it ends with its last chunk
    hosts: int  # how many Host headers there are
    authority: str  # the one, as text; "" where it is none
    host: str  # its host name in lower case
    # As for a product without compatibility switches. None: two keys that differ.
    credentials: Credentials | None = field(repr=False)
    key: bytes = field(repr=False)  # the key in it, as bytes; a line break, which no query has, where there is none
    key_digest: bytes  # of it; b"": there is none that could be one
    to_backend: list[Header] = field(repr=False)  # what of them is forwarded


def read_head(headers: list[Header], reserved_cookies: frozenset[bytes]) -> Head:
    """`reserved_cookies` are the portal's, which no backend gets."""
    if len(headers) > _LINES_MAX or sum([len(name) + len(value) for name, value in headers]) > _BYTES_MAX:
        return _read(tuple(headers), reserved_cookies)
    return _kept(tuple(headers), reserved_cookies)


def _read(lines: tuple[Header, ...], reserved_cookies: frozenset[bytes]) -> Head:
    headers = list(lines)
    is_clear, has_unknown_coding, length = True, False, None
    try:
        length = body_length(headers)
    except BadFraming as error:
        is_clear, has_unknown_coding = False, isinstance(error, UnknownCoding)
    hosts = values_of(headers, b"host")
    authority, host = read_authority(hosts[0]) if len(hosts) == 1 else ("", "")
    try:
        credentials = extract(headers, b"", rapidapi=False)
    except ConflictingKeys:
        credentials = None
    return Head(
        names=names_of(headers),
        is_sound=are_well_formed(headers) and are_text(headers),
        is_clear=is_clear,
        has_unknown_coding=has_unknown_coding,
        body_length=length,
        hosts=len(hosts),
        authority=authority,
        host=host,
        credentials=credentials,
        key=(credentials.secret.encode("latin-1", "replace") if credentials is not None else b"") or b"\n",
        key_digest=digest_of(credentials.secret) if credentials is not None else b"",
        to_backend=[]
        if credentials is None
        else to_backend(credentials.headers, reserved_cookies=reserved_cookies, rapidapi=False),
    )


_kept = lru_cache(maxsize=_KEPT_MAX)(_read)


def digest_of(secret: str) -> bytes:
    """What a key is looked up by; b"" for a text that is none."""
    return key_secret.digest(secret) if secret and secret.isascii() else b""


def read_authority(value: bytes) -> tuple[str, str]:
    """A Host header as text, and its host name in lower case; empty where it is none."""
    if len(value) > _AUTHORITY_MAX:
        return "", ""
    text = value.decode("latin-1").strip()
    authority = _AUTHORITY.fullmatch(text)
    return ("", "") if authority is None else (text, authority["host"].lower().rstrip("."))
