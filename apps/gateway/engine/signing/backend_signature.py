"""Proof for a backend that a call came through the gateway.

`X-ApiFactory-Signature: t=<unix seconds>,v1=<hex>` where `v1` is
HMAC-SHA256(proxy secret, "<t>.<method>.<path?query>.<request id>"), with the path and query as the backend
gets them and the request id of `X-ApiFactory-Request-Id`. A backend recomputes it, compares in constant
time, and refuses a `t` that is more than five minutes away from its own clock. While the next secret is prepared
there are two `v1`, and either is proof: by the next one first, because a reader that knows of one alone takes the last.
"""

import hmac


def signature(
    *, secret: str, next_secret: str = "", timestamp: int, method: str, path_and_query: str, request_id: str
) -> str:
    """The value of the header."""
    signed = f"{timestamp}.{method}.{path_and_query}.{request_id}".encode("latin-1")
    next_one = f"v1={_digest(next_secret, signed)}," if next_secret else ""
    return f"t={timestamp},{next_one}v1={_digest(secret, signed)}"


def _digest(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, "sha256").hex()
