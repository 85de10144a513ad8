"""Products that take signed calls only: what a signature must cover, how old it may be, and that it is used once."""

import time
from typing import Protocol

from apps.gateway.engine.call import Call
from apps.gateway.engine.entities import KeyEntry, ProductEntry
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Problem, Rejected
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.signing.message_signatures import (
    ALGORITHM,
    BadSignature,
    Signature,
    SignedMessage,
    read_signatures,
    sha256_of_content,
)

# How far `created` may be from our clock, either way.
TOLERANCE_SECONDS = 300
_ADDRESS = {"@authority", "@path", "@query"}


class ReplaysUnavailable(Exception):
    """It is not known whether a signature was used before."""


class Replays(Protocol):
    async def is_first(self, signature: bytes, seconds: int) -> bool:
        """Remember a signature for so long; whether it was not remembered. Raises `ReplaysUnavailable`."""
        ...


class NoReplays:
    """Remembers nothing, so nothing can be said."""

    async def is_first(self, signature: bytes, seconds: int) -> bool:
        raise ReplaysUnavailable


async def check_signature(call: Call, product: ProductEntry, key: KeyEntry, replays: Replays) -> bytes | None:
    """Raises `Rejected` unless the call is signed by its key. Returns the SHA-256 that its body must have, if any."""
    fields = _fields(call.request.headers)
    has_body = call.body_length != 0
    if "signature-input" not in fields or "signature" not in fields:
        raise _refused(problems.SIGNATURE_MISSING, product, has_body)
    try:
        signature = _own_signature(fields, key)
        _check_age(signature, product, has_body)
        _check_coverage(signature, has_body)
        if not signature.is_of(_message(call, fields), key.signing_key):
            raise BadSignature("The signature does not match the request.")
        digest = sha256_of_content(fields) if has_body else None
    except BadSignature as error:
        raise _refused(problems.SIGNATURE_INVALID, product, has_body, str(error)) from None
    try:
        is_first = await replays.is_first(key.public_id.encode() + signature.value, 2 * TOLERANCE_SECONDS)
    except ReplaysUnavailable:
        raise Rejected(problems.UNAVAILABLE) from None
    if not is_first:
        raise _refused(problems.SIGNATURE_REPLAYED, product, has_body)
    return digest


def _own_signature(fields: dict[str, list[str]], key: KeyEntry) -> Signature:
    own = [signature for signature in read_signatures(fields) if signature.text("keyid") == key.public_id]
    if len(own) != 1:
        raise BadSignature(f"The request needs one signature whose keyid is the id of its key, {key.public_id}.")
    if own[0].input.parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise BadSignature(f"The algorithm is {ALGORITHM}.")
    return own[0]


def _check_age(signature: Signature, product: ProductEntry, has_body: bool) -> None:
    now, created, expires = time.time(), signature.integer("created"), signature.integer("expires")
    if created is None:
        raise BadSignature("The signature has no parameter created.")
    if abs(now - created) > TOLERANCE_SECONDS or (expires is not None and expires < now):
        raise _refused(problems.SIGNATURE_EXPIRED, product, has_body)


def _check_coverage(signature: Signature, has_body: bool) -> None:
    covered = set(signature.covered)
    if "@method" not in covered or not ("@target-uri" in covered or covered >= _ADDRESS):
        raise BadSignature("The signature must cover @method, and @target-uri or @authority, @path and @query.")
    if has_body and "content-digest" not in covered:
        raise BadSignature("The signature of a request with a body must cover content-digest.")


def _message(call: Call, fields: dict[str, list[str]]) -> SignedMessage:
    request = call.request
    return SignedMessage(request.method, request.scheme, call.authority, request.target.decode("latin-1"), fields)


def _fields(headers: list[Header]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name.decode("ascii"), []).append(value.decode("utf-8").strip())
    return fields


def _refused(problem: Problem, product: ProductEntry, has_body: bool, detail: str = "") -> Rejected:
    """A 401 that says what a signature must have (RFC 9421, 5.1)."""
    wanted = '("@method" "@target-uri"' + (' "content-digest")' if has_body else ")")
    return Rejected(
        problem,
        detail,
        headers=[
            (b"www-authenticate", f'Signature realm="{product.slug}"'.encode("ascii")),
            (b"accept-signature", f'sig1={wanted};created;nonce;keyid;alg="{ALGORITHM}"'.encode("ascii")),
        ],
    )
