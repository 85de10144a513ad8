"""Proof for a backend that a call came through the gateway.

`X-ApiFactory-Signature: t=<unix seconds>,v1=<hex>` where `v1` is
HMAC-SHA256(proxy secret, "<t>.<method>.<path?query>.<request id>"), with the path and query as the backend
gets them and the request id of `X-ApiFactory-Request-Id`. A backend recomputes it, compares in constant
time, and refuses a `t` that is more than five minutes away from its own clock.
"""

import hmac


def signature(*, secret: str, timestamp: int, method: str, path_and_query: str, request_id: str) -> str:
    """The value of the header."""
    signed = f"{timestamp}.{method}.{path_and_query}.{request_id}"
    digest = hmac.digest(secret.encode(), signed.encode("latin-1"), "sha256").hex()
    return f"t={timestamp},v1={digest}"
