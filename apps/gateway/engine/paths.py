"""The request target, parsed once: one canonical path for route, plan, limit, metering and forwarding.

A path is either forwarded as it came or refused. It is refused where two programs could read two different
paths in it: dot segments, empty segments, escaped slashes, backslashes, control characters, escapes of
characters that need none (`%61` for `a`), escapes of escapes (`%2561`), text that is not UTF-8, and
characters that Unicode normalization turns into separators or dots.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

TARGET_MAX = 8192
# RFC 3986 `pchar` and the slash; every other byte must be escaped.
_PATH = re.compile(rb"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
# Visible ASCII. Wider than RFC 3986, because clients send `filter[name]=x`; a fragment cannot be part of it.
_QUERY = re.compile(rb"[!-\"$-~]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_UNRESERVED = re.compile(r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")


class BadTarget(Exception):
    """The target cannot be read in one way only; the message says why."""


class TargetTooLong(BadTarget):
    """Longer than any that is taken."""


@dataclass(slots=True)
class Target:
    """`path` is raw and begins with a slash; `segments` and `decoded` are its parts, raw and decoded."""

    path: str
    segments: tuple[str, ...]
    decoded: tuple[str, ...]
    query: bytes

    def below_first_segment(self) -> "Target":
        """The target without its first segment: `/weather/now` is `/now`, and `/weather` is `/`."""
        segments, decoded = self.segments[1:] or ("",), self.decoded[1:] or ("",)
        return Target("/" + "/".join(segments), segments, decoded, self.query)


def parse_target(raw: bytes) -> Target:
    """Parse the target of a request line. Raises `BadTarget`."""
    if len(raw) > TARGET_MAX:
        raise TargetTooLong(f"The request target is longer than {TARGET_MAX} bytes.")
    if not raw.startswith(b"/"):
        raise BadTarget("The request target must be a path that begins with a slash.")
    path_bytes, _, query = raw.partition(b"?")
    if not _PATH.fullmatch(path_bytes):
        raise BadTarget("The path has a character that must be percent-encoded, or an escape that is not one.")
    if not _QUERY.fullmatch(query):
        raise BadTarget("The query has a character that must be percent-encoded.")
    path = path_bytes.decode("ascii")
    if "//" in path:
        raise BadTarget("The path has an empty segment.")
    segments = tuple(path[1:].split("/"))
    return Target(path, segments, tuple(map(decode_segment, segments)), query)


def decode_segment(raw: str) -> str:
    """The text of one raw segment. Raises `BadTarget` where it can be read in more than one way."""
    text = _decoded(raw) if "%" in raw else raw
    if text in (".", "..") or (";" in text and text.partition(";")[0] in ("", ".", "..")):
        raise BadTarget("The path has a dot segment or an empty segment.")
    return text


def without_parameters(decoded: tuple[str, ...]) -> tuple[str, ...]:
    """The path as a backend reads it that cuts `;parameters` off every segment."""
    return tuple(segment.partition(";")[0] for segment in decoded)


def _decoded(raw: str) -> str:
    if _ESCAPED_UNRESERVED.search(raw):
        raise BadTarget("The path escapes a character that needs no escape.")
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise BadTarget("The path is not UTF-8.") from None
    if _ESCAPE.search(text):
        raise BadTarget("The path is percent-encoded twice.")
    if any(separator in text for separator in "/\\"):
        raise BadTarget("The path has an escaped slash or backslash.")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise BadTarget("The path has a control character.")
    if not text.isascii():
        _check_normalized(text)
    return text


def _check_normalized(text: str) -> None:
    normalized = unicodedata.normalize("NFKC", text)
    if normalized in (".", "..") or any(
        separator in normalized and separator not in text for separator in ("/", "\\", ";", "%", "..")
    ):
        raise BadTarget("The path has a character that looks like a separator.")
