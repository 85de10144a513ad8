"""Addresses (slugs) that people choose: their shape, and the words that are taken."""

import re

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


def check_slug(slug: str, *, field: str = "slug") -> str:
    """Lower-case letters, digits and single hyphens inside, 2 to 50 characters; raises `Invalid`."""
    slug = slug.strip().lower()
    if not _SHAPE.fullmatch(slug) or "--" in slug:
        raise Invalid(
            "Use 2 to 50 lower-case letters, digits and single hyphens, beginning and ending with a letter or digit.",
            field=field,
        )
    if slug in RESERVED:
        raise Invalid("This address is reserved. Choose another one.", field=field)
    return slug


def slug_from(text: str, *, fallback: str) -> str:
    """A slug made of a name or address, not yet checked for being taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return slug if _SHAPE.fullmatch(slug) and slug not in RESERVED else f"{fallback}-{slug}".strip("-")
