"""What keeps a parsed JSON value from being stored or sent on."""

import math
from typing import Any

from django.utils.translation import gettext as _


def fault_in(value: Any, *, deepest: int, most_values: int) -> str | None:
    """Say what is wrong with a value that was parsed from JSON or YAML; None when nothing is.

    Refused: nesting below `deepest` levels, more than `most_values` values in all, NUL characters and lone
    surrogates (PostgreSQL stores neither), infinite numbers, and what JSON has no form for. The walk is
    bounded: a value that contains itself, or that aliases blow up, ends it too.
    """
    level: list[Any] = [value]
    depth = seen = 0
    while level:
        seen += len(level)
        if seen > most_values:
            return _("It has more than %(most)s values.") % {"most": f"{most_values:,}"}
        if depth >= deepest and any(isinstance(item, dict | list) for item in level):
            return _("It is nested more than %(deepest)d levels deep.") % {"deepest": deepest}
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.keys())
                inner.extend(item.values())
                if not all(isinstance(key, str) for key in item):
                    return _("A name of a member is not a text.")
            elif isinstance(item, list):
                inner.extend(item)
            elif fault := _fault_of_scalar(item):
                return fault
        level = inner
        depth += 1
    return None


def _fault_of_scalar(value: Any) -> str | None:
    if isinstance(value, str):
        if "\x00" in value:
            return _("It has a NUL character.")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return _("It has half of a surrogate pair, which is no character.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            return _("It has a number that is too large or not a number.")
    elif value is not None and not isinstance(value, int):
        return _("It has a value that JSON has no form for.")
    return None
