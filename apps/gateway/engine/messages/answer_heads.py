"""The head of a backend's answer: whether it can be passed on, how long its body is, and what of it the client gets.

What follows from the names alone is worked out once for each list of them: a backend sends the same again and again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from apps.gateway.engine.messages.headers import (
    BadFraming,
    are_clean,
    are_foreign_to_clients,
    are_tokens,
    body_length,
    is_foreign_cookie,
    named_in_connection,
)
from apps.gateway.engine.messages.locations import REWRITTEN
from apps.gateway.engine.messages.request import Header

# What is kept of lists of names: so many, of so many bytes at most.
_KEPT_MAX = 4096
_KEPT_BYTES_MAX = 1024
_WITHOUT_BODY = frozenset({204, 304})


class BadHead(Exception):
    """The head cannot be passed on; the message says why."""


@dataclass(frozen=True, slots=True)
class _Names:
    are_tokens: bool
    passed: tuple[int, ...]  # where those stand that pass, whatever `Connection` says
    is_framed: bool
    length_at: int | None  # where the only header stands that says how long the body is
    has_connection: bool
    has_cookies: bool
    has_locations: bool
    has_date: bool


@dataclass(slots=True)
class AnswerHead:
    headers: list[Header]
    length: int | None  # of the body; None where it ends with its last chunk or its connection
    names: _Names

    def for_client(self, *, own_host: str, reserved_cookies: Collection[bytes], has_length: bool) -> list[Header]:
        """What of the headers is passed on, in order and byte for byte.

        `own_host` is the product's own host name, "" where it shares the gateway's: the only one that a cookie
        may name. Content-Length passes once, and only where `has_length`. `Location` is not decided here.
        """
        headers, names = self.headers, self.names
        passed = [headers[at] for at in names.passed]
        if names.has_connection and (named := named_in_connection(headers)):
            passed = [header for header in passed if header[0] not in named]
        if names.has_cookies:
            passed = [
                header
                for header in passed
                if header[0] != b"set-cookie" or not is_foreign_cookie(header[1], own_host, reserved_cookies)
            ]
        if not has_length:
            return passed
        if names.length_at is not None:
            passed.append((b"content-length", headers[names.length_at][1].strip()))
        elif names.is_framed:
            for name, value in headers:
                if name == b"content-length":
                    passed.append((name, value.strip()))
                    break
        return passed


def read_answer_head(method: str, status: int, headers: list[Header]) -> AnswerHead:
    """Raises `BadHead`."""
    if not 200 <= status <= 599:
        raise BadHead("The head of the answer is not valid.")
    head = read_headers(headers)
    at = head.names.length_at
    if at is not None:
        framing: Sequence[Header] = (headers[at],)
    elif head.names.is_framed:
        framing = headers
    else:
        framing = ()
    try:
        length = body_length(framing) if framing else None
    except BadFraming:
        raise BadHead("The length of the answer is not clear.") from None
    head.length = 0 if method == "HEAD" or status in _WITHOUT_BODY else length
    return head


def read_headers(headers: list[Header]) -> AnswerHead:
    """The head of an answer that has no body of HTTP. Raises `BadHead`."""
    names, values = zip(*headers, strict=True) if headers else ((), ())
    joined = b":".join(names)
    facts = _kept(joined, len(names)) if len(joined) <= _KEPT_BYTES_MAX else _read(joined, len(names))
    if not facts.are_tokens or not are_clean(values):
        raise BadHead("The head of the answer is not valid.")
    return AnswerHead(headers, None, facts)


def _read(joined: bytes, count: int) -> _Names:
    names = joined.split(b":") if count else []
    found = set(names)
    is_plain = names.count(b"content-length") == 1 and b"transfer-encoding" not in found
    return _Names(
        are_tokens=are_tokens(joined, count),
        passed=tuple(at for at, name in enumerate(names) if not are_foreign_to_clients(name)),
        is_framed=not found.isdisjoint((b"content-length", b"transfer-encoding")),
        length_at=names.index(b"content-length") if is_plain else None,
        has_connection=b"connection" in found,
        has_cookies=b"set-cookie" in found,
        has_locations=not found.isdisjoint(REWRITTEN),
        has_date=b"date" in found,
    )


_kept = lru_cache(maxsize=_KEPT_MAX)(_read)
