"""Checks of the values that people and programs give: a wrong one is `Invalid`, never an error of the database."""

import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid

# What a text of several lines cannot hold: control characters other than tab and line feed, lone surrogates.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Of a search; more is no search of a person.
_SEARCH_MAX = 100


def check_line(value: Any, *, field: str, longest: int, shortest: int = 1) -> str:
    """A name or title: one line of visible characters, NFC, runs of white space made one space.

    Raises `Invalid` for another type, another length, and characters that cannot be seen (which make two
    names look alike).
    """
    text = " ".join(_normal_text(value, field).split())
    if unseen := next((character for character in text if not character.isprintable()), None):
        raise _unusable(unseen, field)
    return _sized(text, field, shortest, longest)


def check_text(value: Any, *, field: str, longest: int) -> str:
    """A text of several lines, NFC, with `\\n` line ends, without white space around it; it may be empty.

    Raises `Invalid` for another type, a longer text, and control characters.
    """
    text = _normal_text(value, field).replace("\r\n", "\n").replace("\r", "\n").strip()
    if found := _UNSTORABLE.search(text):
        raise _unusable(found[0], field)
    return _sized(text, field, 0, longest)


def check_integer(value: Any, *, field: str, lowest: int, highest: int) -> int:
    """A whole number within the bounds; `True` and `1.0` are none. Raises `Invalid`."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise Invalid(
            _("Give a whole number from %(lowest)s to %(highest)s.")
            % {"lowest": f"{lowest:,}", "highest": f"{highest:,}"},
            field=field,
        )
    return value


def words_of(search: str) -> list[str]:
    """The words of a search; characters that cannot be seen separate them, and what is too long is cut off."""
    return "".join(character if character.isprintable() else " " for character in search[:_SEARCH_MAX]).split()


def _normal_text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise Invalid(_("This must be a text."), field=field)
    return unicodedata.normalize("NFC", value)


def _sized(text: str, field: str, shortest: int, longest: int) -> str:
    if shortest and not text:
        raise Invalid(_("This cannot be empty."), field=field)
    if not shortest <= len(text) <= longest:
        raise Invalid(
            _("This has %(length)d characters. Give %(shortest)d to %(longest)d.")
            % {"length": len(text), "shortest": shortest, "longest": longest},
            field=field,
        )
    return text


def _unusable(character: str, field: str) -> Invalid:
    return Invalid(
        _("This has a character that cannot be shown (U+%(code)04X). Remove it.") % {"code": ord(character)},
        field=field,
    )
