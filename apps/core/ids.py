"""Identifiers: UUIDv7 for events, prefixed random ids and slugs for everything that is shown outside."""

import os
import secrets
import time
import uuid
from typing import Any

from django.db import models

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def uuid7() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def random_base62(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))


class AsciiLookup:
    """For fields that hold visible ASCII only: nothing is found by any other text.

    Ids and slugs come straight from addresses. PostgreSQL refuses a NUL character and the driver a lone
    surrogate with an error, where “there is no such row” is the answer.
    """

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            return ""
        return super().get_prep_value(value)  # type: ignore[misc]  # of the field it is mixed into


class SlugField(AsciiLookup, models.SlugField[str, str]):
    """A slug that can be looked up by whatever text a request brings."""


class PublicIdField(AsciiLookup, models.CharField[str, str]):
    """A unique id for the outside, `<prefix>_<22 base62 characters>` (131 bits), made when the row is."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs.setdefault("max_length", 32)
        kwargs["unique"] = True
        kwargs["editable"] = False
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs["prefix"] = self.prefix
        del kwargs["unique"], kwargs["editable"]
        return name, path, args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = getattr(model_instance, self.attname)
        if not value:
            value = f"{self.prefix}_{random_base62(22)}"
            setattr(model_instance, self.attname, value)
        return str(value)
