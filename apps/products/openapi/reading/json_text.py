"""JSON as RFC 8259 has it, where a key stands once in its object."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from apps.products.openapi.reading.limits import VALUES_MAX, Unreadable


def parse_json(text: str) -> Any:
    """The values of the text. Raises `Unreadable`, with line and column where the mistake has a place."""
    # Every value but the first of its kind follows one of these; those in texts are counted, too, which only a
    # document that is full of them could notice.
    if sum(map(text.count, ",[{:")) > 2 * VALUES_MAX:
        raise Unreadable(_("The document has more than %(most)s values.") % {"most": f"{VALUES_MAX:,}"})
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(
            _("This is not JSON: %(reason)s (line %(line)d, column %(column)d).")
            % {"reason": error.msg, "line": error.lineno, "column": error.colno}
        ) from None
    except RecursionError:
        raise Unreadable(_("The document is nested too deeply.")) from None
    except ValueError:
        # Python's own bound on the digits of a whole number, which keeps reading it from being quadratic.
        raise Unreadable(_("The document has a number with too many digits.")) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(_("The key “%(key)s” stands twice in one object.") % {"key": twice[:80]})
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(_("%(name)s is not a JSON number.") % {"name": name})
