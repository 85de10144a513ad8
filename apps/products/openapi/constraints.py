"""What JSON Schema asks of a value, in words.

A schema comes from a creator's document and may have any shape: whatever is not understood is left out.
"""

import json
from typing import Any

from django.utils.translation import gettext as _

_PATTERN_SHOWN = 120


def constraints_of(schema: dict[str, Any]) -> tuple[str, ...]:
    """Phrases such as `at least 1`, `at most 100`, `3 to 20 characters`, `default 10`; those of an array's items too.

    The schema has its `allOf` parts put together already.
    """
    phrases = [*_bounds(schema), *_lengths(schema), *_others(schema)]
    items = schema.get("items")
    if isinstance(items, dict):
        phrases += [_("each %s") % phrase for phrase in (*_bounds(items), *_lengths(items))]
    return tuple(phrases)


def written(value: Any) -> str:
    """A value as it would stand in an address or on a form: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bounds(schema: dict[str, Any]) -> list[str]:
    found = []
    for name, exclusive, inside, outside in (
        ("minimum", "exclusiveMinimum", _("at least %s"), _("more than %s")),
        ("maximum", "exclusiveMaximum", _("at most %s"), _("less than %s")),
    ):
        bound, beyond = _number(schema.get(name)), schema.get(exclusive)
        # A flag beside the bound in OpenAPI 3.0, a bound of its own in 3.1.
        if bound is not None:
            found.append((outside if beyond is True else inside) % bound)
        elif (other := _number(beyond)) is not None:
            found.append(outside % other)
    if (step := _number(schema.get("multipleOf"))) is not None:
        found.append(_("a multiple of %s") % step)
    return found


def _lengths(schema: dict[str, Any]) -> list[str]:
    found = []
    characters = _("%(least)s to %(most)s characters"), _("%s characters or more"), _("up to %s characters")
    items = _("%(least)s to %(most)s items"), _("%s items or more"), _("up to %s items")
    for what, (between, lowest, highest) in (("Length", characters), ("Items", items)):
        low, high = _number(schema.get(f"min{what}")), _number(schema.get(f"max{what}"))
        if low is not None and high is not None:
            found.append(between % {"least": low, "most": high})
        elif low is not None:
            found.append(lowest % low)
        elif high is not None:
            found.append(highest % high)
    return found


def _others(schema: dict[str, Any]) -> list[str]:
    found = []
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and pattern:
        found.append(_("matches %s") % (pattern if len(pattern) <= _PATTERN_SHOWN else f"{pattern[:_PATTERN_SHOWN]}…"))
    if schema.get("uniqueItems") is True:
        found.append(_("each item once"))
    if schema.get("readOnly") is True:
        found.append(_("only in answers"))
    if schema.get("writeOnly") is True:
        found.append(_("only in requests"))
    if isinstance(default := schema.get("default"), str | int | float):
        found.append(_("default %s") % written(default))
    return found


def _number(value: Any) -> str | None:
    return json.dumps(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
