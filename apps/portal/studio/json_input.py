"""JSON that a person typed: every way of being wrong becomes a sentence that says where."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from apps.core.errors import Invalid

BYTES_MAX = 256 * 1024


def parse_object(text: str, *, field: str) -> dict[str, Any]:
    """The JSON object that `text` holds; blank text is an empty one. Whether it can be stored is the service's affair.

    Raises `Invalid`, with line and column where the mistake has a place.
    """
    if not text.strip():
        return {}
    if len(text.encode()) > BYTES_MAX:
        raise Invalid(_("This is larger than 256 KB."), field=field)
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Invalid(
            _("This is not JSON: %(reason)s (line %(line)d, column %(column)d).")
            % {"reason": error.msg, "line": error.lineno, "column": error.colno},
            field=field,
        ) from None
    except RecursionError:
        raise Invalid(_("This is nested too deeply."), field=field) from None
    except ValueError as error:
        raise Invalid(_("This is not JSON that can be stored: %(reason)s.") % {"reason": error}, field=field) from None
    if not isinstance(value, dict):
        raise Invalid(_("This has to be a JSON object: it begins with { and ends with }."), field=field)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(_("the key “%(key)s” stands twice in one object") % {"key": key[:60]})
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(_("%(name)s is not a JSON number") % {"name": name})
