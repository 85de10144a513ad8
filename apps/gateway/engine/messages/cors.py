"""Calls from pages of other origins (CORS).

The gateway knows callers by their key and never by a cookie, so every origin may call, without credentials
in the sense of browsers: `*`, which is no reflection of the origin. A preflight has no key; it is answered here.
"""

from collections.abc import Iterable

from apps.gateway.engine.messages.request import Header

ANY_ORIGIN: Header = (b"access-control-allow-origin", b"*")
EXPOSED: Header = (
    b"access-control-expose-headers",
    b", ".join(
        (
            b"RateLimit",
            b"RateLimit-Policy",
            b"Retry-After",
            b"X-RateLimit-Limit",
            b"X-RateLimit-Remaining",
            b"X-RateLimit-Reset",
            b"X-Request-Id",
            b"X-Usage-Units",
        )
    ),
)


def is_preflight(method: str, headers: Iterable[Header]) -> bool:
    """Whether a browser asks what a page may send (Fetch standard, CORS-preflight request)."""
    if method != "OPTIONS":
        return False
    names = {name for name, _ in headers}
    return b"origin" in names and b"access-control-request-method" in names


def preflight_headers(methods: list[str]) -> list[Header]:
    """The answer's headers. `*` does not cover Authorization, so that is named."""
    return [
        ANY_ORIGIN,
        (b"access-control-allow-methods", ", ".join(methods).encode("ascii")),
        (b"access-control-allow-headers", b"Authorization, *"),
        (b"access-control-max-age", b"600"),
    ]


def cors_headers(request_headers: Iterable[Header], answer_headers: Iterable[Header]) -> list[Header]:
    """What lets a page read the answer; nothing where no page asked or the backend decides by itself."""
    if not any(name == b"origin" for name, _ in request_headers):
        return []
    if any(name == b"access-control-allow-origin" for name, _ in answer_headers):
        return []
    return [ANY_ORIGIN, EXPOSED]
