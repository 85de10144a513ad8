"""The shape of a key: `apps.core.secrets` with the prefix of its mode."""

import re

from django.conf import settings

from apps.core import secrets
from apps.core.secrets import NewSecret, digest
from apps.keys.enums import KeyMode

__all__ = ["TRACE", "derive", "digest", "generate", "is_well_formed", "signing_secret"]

_PREFIXES = {KeyMode.LIVE: "af_live_", KeyMode.TEST: "af_test_"}
_SIGNING_PREFIX = "af_sign_"
# Finds keys in a text, also with escapes, and what is more of one than is shown.
TRACE = re.compile(r"af(?:_|%5[Ff])(?:live|test)(?:_|%5[Ff])[0-9A-Za-z]{5,38}")


def generate(mode: KeyMode = KeyMode.LIVE) -> NewSecret:
    """A new random key with what is stored and shown of it."""
    return secrets.generate(_PREFIXES[mode])


def derive(mode: KeyMode, message: str) -> NewSecret:
    """The key that belongs to this message, by the installation's secret key: it need not be kept to be sent again."""
    return secrets.derive(_PREFIXES[mode], key=f"apps.keys.secret:{settings.SECRET_KEY}", message=message)


def signing_secret(public_id: str) -> str:
    """What the calls of a key are signed with, where its product wants that; kept nowhere, as it can be made again."""
    key = f"apps.keys.secret.signing:{settings.SECRET_KEY}"
    return secrets.derive(_SIGNING_PREFIX, key=key, message=public_id).secret


def is_well_formed(text: str) -> bool:
    """Whether the text has the shape of a key and a right checksum."""
    return any(secrets.is_well_formed(prefix, text) for prefix in _PREFIXES.values())
