"""Tags: words by which consumers find products of a kind, written in one way."""

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.values import check_line

TAGS_MAX = 10
LENGTH_MAX = 30
# Between the words of a tag; “c++”, “c#” and “node.js” are words.
_SEPARATORS = re.compile(r"[^\w+#.]+|_+")


def check_tags(tags: Any, *, field: str = "tags") -> list[str]:
    """The tags in lower case, their words joined by hyphens, each once, in the order given; empty ones are left out.

    Raises `Invalid` for more than 10, and for one longer than 30 characters.
    """
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise Invalid(_("Give a list of tags."), field=field)
    found = list(dict.fromkeys(written for tag in tags if (written := _normalized(tag, field))))
    if len(found) > TAGS_MAX:
        raise Invalid(_("Give %(most)d tags at most.") % {"most": TAGS_MAX}, field=field)
    return found


def normalized_tag(text: str) -> str:
    """How a tag that somebody looks for would be stored."""
    return "-".join(filter(None, _SEPARATORS.split(text.lower()))).strip(".")


def _normalized(tag: Any, field: str) -> str:
    text = normalized_tag(check_line(tag, field=field, shortest=0, longest=200))
    if len(text) > LENGTH_MAX:
        raise Invalid(
            _("The tag “%(tag)s” has more than %(most)d characters.") % {"tag": text[:LENGTH_MAX], "most": LENGTH_MAX},
            field=field,
        )
    return text
