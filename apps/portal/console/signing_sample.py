"""How a program signs its calls, as code to be pasted. A test runs it."""

PYTHON = '''\
import base64
import hashlib
import hmac
import os
import secrets
import time
from urllib.parse import urlsplit

API_KEY = os.environ["APIFACTORY_KEY"]
KEY_ID = os.environ["APIFACTORY_KEY_ID"]  # key_...
SIGNING_SECRET = os.environ["APIFACTORY_SIGNING_SECRET"].encode()


def signed_headers(method, url, body=b""):
    """The headers of a call: its key, and its signature (RFC 9421)."""
    parts = urlsplit(url)
    values = {
        "@method": method,
        "@authority": parts.netloc.lower(),
        "@path": parts.path,
        "@query": "?" + parts.query,
    }
    headers = {"X-Api-Key": API_KEY}
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        values["content-digest"] = f"sha-256=:{digest}:"
        headers["Content-Digest"] = values["content-digest"]
    names = " ".join(f'"{name}"' for name in values)
    covered = (
        f"({names});created={int(time.time())}"
        f';nonce="{secrets.token_urlsafe(16)}";keyid="{KEY_ID}"'
    )
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {covered}')
    signed = "\\n".join(lines).encode()
    made = hmac.digest(SIGNING_SECRET, signed, "sha256")
    headers["Signature-Input"] = f"sig1={covered}"
    headers["Signature"] = f"sig1=:{base64.b64encode(made).decode()}:"
    return headers
'''
