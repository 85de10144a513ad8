"""The shape of every secret that is sent with calls: a prefix + 32 random base62 characters (190 bits) + 6 of checksum.

The prefix says what it is for (`af_live_`, `af_pat_`). The checksum is the CRC-32 of everything before it, in base62,
zero-padded: a mistyped or invented secret is refused before anything is looked up, and secret scanners can tell
a real one from a string that looks like one. A plain SHA-256 is enough to store it by, since there is no
dictionary of 190 random bits.
"""

import hashlib
import hmac
import zlib
from dataclasses import dataclass

from apps.core.ids import BASE62, random_base62

RANDOM_LENGTH = 32
CHECKSUM_LENGTH = 6
# Of the random characters, how many are shown after the prefix, and how many of all at the end.
_SHOWN_LENGTH = 4
_DIGITS = frozenset(BASE62)


@dataclass(frozen=True)
class NewSecret:
    """A secret with what is stored of it: `prefix` (its recognisable start) and `last4` may be shown."""

    secret: str
    prefix: str
    last4: str
    digest: bytes


def generate(prefix: str) -> NewSecret:
    """A new random secret with what is stored and shown of it."""
    return _complete(prefix + random_base62(RANDOM_LENGTH))


def derive(prefix: str, *, key: str, message: str) -> NewSecret:
    """The secret of this message, the same each time: who knows the key can make it again, nobody else can.

    For short-lived secrets that the installation itself sends, so that they need not be kept anywhere.
    """
    number = int.from_bytes(hmac.digest(key.encode(), message.encode(), "sha512"), "big")
    return _complete(prefix + _base62(number).rjust(RANDOM_LENGTH, BASE62[0])[-RANDOM_LENGTH:])


def _complete(body: str) -> NewSecret:
    secret = body + checksum(body)
    shown = secret[: _SHOWN_LENGTH - RANDOM_LENGTH - CHECKSUM_LENGTH]
    return NewSecret(secret=secret, prefix=shown, last4=secret[-_SHOWN_LENGTH:], digest=digest(secret))


def is_well_formed(prefix: str, text: str) -> bool:
    """Whether the text has the shape of a secret with this prefix, and a right checksum."""
    random_part = text[len(prefix) :]
    return (
        text.startswith(prefix)
        and len(random_part) == RANDOM_LENGTH + CHECKSUM_LENGTH
        and _DIGITS.issuperset(random_part)
        and checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]
    )


def digest(secret: str) -> bytes:
    """What a secret is stored and found by; it must be well formed."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def checksum(body: str) -> str:
    """The CRC-32 of the body as six base62 digits."""
    return _base62(zlib.crc32(body.encode("ascii"))).rjust(CHECKSUM_LENGTH, BASE62[0])


def _base62(value: int) -> str:
    digits = ""
    while value:
        value, remainder = divmod(value, len(BASE62))
        digits = BASE62[remainder] + digits
    return digits
