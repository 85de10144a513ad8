"""The head of a request as bytes."""

from apps.gateway.engine.ports import UpstreamInvalid, UpstreamRequest
from apps.gateway.upstream.origin import Base

# Methods for which "no body" is said, because their backends expect one (RFC 9110, 8.6).
_EXPECT_BODY = frozenset({"POST", "PUT", "PATCH"})


def request_head(request: UpstreamRequest, base: Base) -> bytes:
    """Request line and headers, with the empty line. Raises `UpstreamInvalid` rather than send one line too many."""
    headers = request.headers
    lines = [
        b"%b %b%b HTTP/1.1\r\nhost: %b"
        % (request.method.encode("ascii"), base.path, request.path.encode("ascii"), base.host_header)
    ]
    lines += map(b": ".join, headers)
    if request.body is None:
        if request.method in _EXPECT_BODY:
            lines.append(b"content-length: 0")
    elif request.is_chunked:
        lines.append(b"transfer-encoding: chunked")
    lines.append(b"\r\n")
    head = b"\r\n".join(lines)
    # Everything was checked where it came in; this is the last door, and it costs next to nothing.
    if head.count(b"\n") != len(lines) + 1 or head.count(b"\r") != len(lines) + 1:
        raise UpstreamInvalid("A line break stands where none may be.")
    return head
