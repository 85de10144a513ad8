"""Whether a message is Stripe's: https://docs.stripe.com/webhooks#verify-manually; pure functions."""

import hashlib
import hmac
from collections.abc import Iterable

# How far its time may be from ours, in both directions.
TOLERANCE_SECONDS = 300


class SignatureRefused(Exception):
    """The message is not Stripe's, is not as Stripe sent it, or is not of now; the text says which."""


def verify(payload: bytes, header: str, secrets: Iterable[str], *, now: float) -> None:
    """Raises `SignatureRefused` unless one `v1` of the header fits the payload and one of the secrets.

    `header` is `t=<seconds>,v1=<hex>`, with several `v1` while a secret is changed; any other scheme proves nothing.
    """
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or not given:
        raise SignatureRefused("the header has no time or no v1 signature")
    if abs(now - int(times[0])) > TOLERANCE_SECONDS:
        raise SignatureRefused("the message is not of now")
    signed = times[0].encode() + b"." + payload
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(want.encode(), have.encode()) for want in expected for have in given]
    if not any(matches):
        raise SignatureRefused("no signature fits the message")
