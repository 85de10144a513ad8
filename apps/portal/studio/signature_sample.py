"""How a backend checks that a call came through the gateway, as code to be pasted. A test runs it."""

PYTHON = '''\
import hashlib
import hmac
import os
import time

SECRET = os.environ["APIFACTORY_PROXY_SECRET"].encode()
TOLERANCE_SECONDS = 300


def came_through_gateway(method, target, headers):
    """`target` is path and query as they came: "/v1/forecast?city=Bern"."""
    signature = headers.get("X-ApiFactory-Signature", "")
    parts = [part.partition("=")[::2] for part in signature.split(",")]
    timestamp = dict(parts).get("t", "")
    if not timestamp.isdigit():
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    request_id = headers.get("X-ApiFactory-Request-Id", "")
    signed = f"{timestamp}.{method}.{target}.{request_id}"
    digest = hmac.new(SECRET, signed.encode("latin-1"), hashlib.sha256)
    expected = digest.hexdigest()
    # Two while the secret changes: one of them is made with yours.
    given = [value for name, value in parts if name == "v1"]
    return any(
        hmac.compare_digest(expected.encode(), one.encode()) for one in given
    )
'''
