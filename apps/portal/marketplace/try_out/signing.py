"""The signature of a call from the documentation, for a product that takes signed calls only."""

import base64
import hashlib
import secrets
import time

from apps.gateway.engine.signing.message_signatures import SignedMessage, sign
from apps.keys.secret import signing_secret
from apps.keys.selectors import find_key
from apps.portal.marketplace.try_out.call import Call

_COMPONENTS = ("@method", "@authority", "@path", "@query")


def signature_headers(call: Call, host: str, target: str, secret: str) -> list[tuple[str, bytes]]:
    """The headers that the call needs beside its key; `host` and `target` are those that are sent."""
    key = find_key(secret)
    if key is None:
        return []
    body = call.body.encode()
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:" if body else ""
    signature_input, signature = sign(
        SignedMessage(call.endpoint.method, "", host, target, {"content-digest": [digest]}),
        signing_secret(key.public_id).encode("ascii"),
        components=(*_COMPONENTS, "content-digest") if body else _COMPONENTS,
        created=int(time.time()),
        nonce=secrets.token_urlsafe(16),
        keyid=key.public_id,
    )
    headers = {"Content-Digest": digest, "Signature-Input": signature_input, "Signature": signature}
    return [(name, value.encode("ascii")) for name, value in headers.items() if value]
