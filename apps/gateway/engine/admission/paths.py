"""The request target, parsed once: one canonical path for route, plan, limit, metering and forwarding.

A path is either forwarded as it came or refused. It is refused where two programs could read two different
paths in it: dot segments, empty segments, escaped slashes, backslashes, control characters, escapes of
characters that need none (`%61` for `a`), escapes of escapes (`%2561`), text that is not UTF-8, and
characters that Unicode normalization turns into separators or dots.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

TARGET_MAX = 8192
# So many paths of at most so many bytes are kept as they were parsed.
_KEPT_MAX = 4096
_KEPT_BYTES_MAX = 256
# RFC 3986 `pchar` and the slash; every other byte must be escaped.
_PATH = re.compile(rb"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
# Visible ASCII. Wider than RFC 3986, because clients send `filter[name]=x`; a fragment cannot be part of it.
_QUERY = re.compile(rb"[!-\"$-~]*")
# The absolute form of a target. What may stand in its authority is decided where a Host is read.
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_UNRESERVED = re.compile(r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")


class BadTarget(Exception):
    """The target cannot be read in one way only; the message says why."""


class TargetTooLong(BadTarget):
    """Longer than any that is taken."""


@dataclass(frozen=True, slots=True)
class Path:
    """`raw` begins with a slash; `segments` and `decoded` are its parts, raw and decoded."""

    raw: str
    segments: tuple[str, ...]
    decoded: tuple[str, ...]


@dataclass(slots=True)
class Target:
    """`below` is the path without its first segment: that of `/weather/now` is `/now`, that of `/weather` is `/`."""

    path: Path
    below: Path
    query: bytes


def from_absolute_form(raw: bytes) -> tuple[bytes, bytes]:
    """The authority of a target like `http://gw/path?query`, and the target without it (RFC 9112, 3.2.2).

    Raises `BadTarget`.
    """
    found = _ABSOLUTE.fullmatch(raw)
    if found is None:
        raise BadTarget("The request target must be a path that begins with a slash.")
    return found[1], (found[2] or b"/") + (found[3] or b"")


def parse_target(raw: bytes) -> Target:
    """Parse the target of a request line. Raises `BadTarget`."""
    if len(raw) > TARGET_MAX:
        raise TargetTooLong(f"The request target is longer than {TARGET_MAX} bytes.")
    if not raw.startswith(b"/"):
        raise BadTarget("The request target must be a path that begins with a slash.")
    path, _, query = raw.partition(b"?")
    whole, below = _kept(path) if len(path) <= _KEPT_BYTES_MAX else _parse_path(path)
    if not _QUERY.fullmatch(query):
        raise BadTarget("The query has a character that must be percent-encoded.")
    return Target(whole, below, query)


def _parse_path(raw: bytes) -> tuple[Path, Path]:
    """The path, and what is below its first segment."""
    if not _PATH.fullmatch(raw):
        raise BadTarget("The path has a character that must be percent-encoded, or an escape that is not one.")
    text = raw.decode("ascii")
    if "//" in text:
        raise BadTarget("The path has an empty segment.")
    segments = tuple(text[1:].split("/"))
    decoded = tuple(map(decode_segment, segments))
    below = segments[1:] or ("",)
    return Path(text, segments, decoded), Path("/" + "/".join(below), below, decoded[1:] or ("",))


# The same paths are called again and again.
_kept = lru_cache(maxsize=_KEPT_MAX)(_parse_path)


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
