from django.db import models
from django.utils.translation import gettext_lazy as _

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class KeyMode(models.TextChoices):
    """Whom a key calls: the product's backend, or the one that its creator keeps for tests."""

    LIVE = "live", _("Live")
    TEST = "test", _("Test")


class KeyPurpose(models.TextChoices):
    """Who made the key: a member for a program of theirs, or the portal for calls from the documentation."""

    PROGRAM = "program", _("Program")
    TRY_OUT = "try_out", _("Try it out")


class KeyScope(models.TextChoices):
    """What a key may do. A key without scopes may do everything."""

    READ = "read", _("Read: GET, HEAD and OPTIONS")
    WRITE = "write", _("Write: every other method")

    @classmethod
    def of_method(cls, method: str) -> "KeyScope":
        """The scope that a call with this method needs."""
        return cls.READ if method in _READING else cls.WRITE
