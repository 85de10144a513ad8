"""The shape of a key: `af_live_` + 32 random base62 characters (190 bits) + 6 of checksum.

The checksum is the CRC-32 of everything before it, in base62, zero-padded: a mistyped or invented key is
refused before anything is looked up, and secret scanners can tell a real key from a string that looks like
one. A plain SHA-256 is enough to store it by, since there is no dictionary of 190 random bits.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass

from apps.core.ids import BASE62, random_base62

PREFIX = "af_live_"
PATTERN = re.compile(r"af_live_[0-9A-Za-z]{38}")
_CHECKSUM_LENGTH = 6


@dataclass(frozen=True)
class NewSecret:
    secret: str
    prefix: str
    last4: str
    digest: bytes


def generate() -> NewSecret:
    """A new random key with what is stored and shown of it."""
    body = PREFIX + random_base62(32)
    secret = body + checksum(body)
    return NewSecret(secret=secret, prefix=secret[:12], last4=secret[-4:], digest=digest(secret))


def checksum(body: str) -> str:
    """The CRC-32 of the body as six base62 digits."""
    value = zlib.crc32(body.encode("ascii"))
    digits = ""
    while value:
        value, remainder = divmod(value, 62)
        digits = BASE62[remainder] + digits
    return digits.rjust(_CHECKSUM_LENGTH, BASE62[0])


def digest(secret: str) -> bytes:
    """What a key is stored and found by; the key must be well formed."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def is_well_formed(text: str) -> bool:
    """Whether the text has the shape of a key and a right checksum."""
    return bool(PATTERN.fullmatch(text)) and checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]
