"""Addresses (slugs) that people choose: their shape, and the words that are taken."""

import re
from collections.abc import Container
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid

# They would collide with pages, hosts or well-known names.
_RESERVED_WORDS = """
    about account accounts admin api apis app apps assets auth billing blog console dashboard dev
    docs gateway graphql health help home internal login logout mail me media metrics new o oauth
    pricing products public root search settings signup static status studio support system test
    well-known www
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
_SHAPE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])")


def check_slug(slug: Any, *, field: str = "slug") -> str:
    """Lower-case letters, digits and single hyphens inside, 2 to 50 characters; raises `Invalid`."""
    text = slug.strip().lower() if isinstance(slug, str) else ""
    if not _SHAPE.fullmatch(text) or "--" in text:
        raise Invalid(
            _("Use 2 to 50 lower-case letters, digits and single hyphens, with a letter or digit at both ends."),
            field=field,
        )
    if text in RESERVED:
        raise Invalid(_("This address is reserved. Choose another one."), field=field)
    return text


def slug_from(text: str, *, fallback: str) -> str:
    """A slug made of a name or address, not yet checked for being taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return slug if _SHAPE.fullmatch(slug) and slug not in RESERVED else f"{fallback}-{slug}".strip("-")


def free_slug(slug: str, taken: Container[str]) -> str:
    """The slug, or the first of `<slug>-2`, `<slug>-3` … that is not taken; within 40 characters if `slug` is."""
    candidate, number = slug, 1
    while candidate in taken:
        number += 1
        suffix = f"-{number}"
        candidate = slug[: 40 - len(suffix)].rstrip("-") + suffix
    return candidate
