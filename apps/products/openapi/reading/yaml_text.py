"""YAML as OpenAPI wants it: what could be written as JSON, and nothing that runs, repeats or guesses.

Built on the events of libyaml. Plain scalars follow the core schema of YAML 1.2, so `on` and `2026-01-31` are texts and
`0o17` is a number; every key is a text (`200:` is "200"). Refused: aliases and merge keys, tags, directives for
tags, a second document, a key that stands twice, numbers that JSON has no form for.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from apps.products.openapi.reading.limits import DEPTH_MAX, VALUES_MAX, Unreadable

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# libyaml compares each of these directives with all before it.
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)
_NO_KEY: Any = object()


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet."""

    value: Any
    key: Any = _NO_KEY  # of a mapping: the key whose value comes next


@dataclass(slots=True)
class _Builder:
    """Puts values together as the events come."""

    root: Any = None
    open: list[_Open] = field(default_factory=list)
    count: int = 0

    def add(self, value: Any, event: yaml.NodeEvent) -> None:
        self.count += 1
        if self.count > VALUES_MAX:
            raise Unreadable(_("The document has more than %(most)s values.") % {"most": f"{VALUES_MAX:,}"})
        if not self.open:
            self.root = value
            return
        parent = self.open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is not _NO_KEY:
            parent.value[parent.key] = value
            parent.key = _NO_KEY
        else:
            parent.key = _checked_key(parent.value, event)

    def begin(self, value: Any, event: yaml.NodeEvent) -> None:
        self.add(value, event)
        if len(self.open) >= DEPTH_MAX:
            raise Unreadable(_("The document is nested too deeply%(place)s.") % {"place": _place(event)})
        self.open.append(_Open(value))


def parse_yaml(text: str) -> Any:
    """The values of the text. Raises `Unreadable`, with line and column where the mistake has a place."""
    if _TAG_DIRECTIVE.search(text):
        raise Unreadable(_("The document defines YAML tags. They are not read."))
    builder = _Builder()
    documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                _check_tag(event)
                builder.add(_NO_KEY if _is_key(builder) else _scalar(event), event)
            elif isinstance(event, yaml.CollectionStartEvent):
                _check_tag(event)
                builder.begin({} if isinstance(event, yaml.MappingStartEvent) else [], event)
            elif isinstance(event, yaml.CollectionEndEvent):
                builder.open.pop()
            elif isinstance(event, yaml.AliasEvent):
                raise Unreadable(
                    _("The document uses a YAML alias%(place)s. Write the part out, or use “$ref”.")
                    % {"place": _place(event)}
                )
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Unreadable(_("The text holds more than one YAML document."))
    except yaml.MarkedYAMLError as error:
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        raise Unreadable(
            _("This is not YAML: %(reason)s%(place)s.") % {"reason": reason[:200], "place": _mark_in_words(mark)}
        ) from None
    except yaml.YAMLError as error:
        raise Unreadable(_("This is not YAML: %(reason)s.") % {"reason": " ".join(str(error).split())[:200]}) from None
    return builder.root


def _is_key(builder: _Builder) -> bool:
    return bool(builder.open) and isinstance(builder.open[-1].value, dict) and builder.open[-1].key is _NO_KEY


def _checked_key(mapping: dict[str, Any], event: yaml.NodeEvent) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise Unreadable(_("A key has to be a text%(place)s.") % {"place": _place(event)})
    key = str(event.value)
    if key == "<<" and event.implicit[0]:
        raise Unreadable(
            _("The document uses a YAML merge key%(place)s. Write the part out, or use “allOf”.")
            % {"place": _place(event)}
        )
    if key in mapping:
        raise Unreadable(
            _("The key “%(key)s” stands twice in one object%(place)s.") % {"key": key[:80], "place": _place(event)}
        )
    mapping[key] = None  # its place is in the order of keys
    return key


def _check_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    if event.tag is not None:
        raise Unreadable(
            _("The document has the YAML tag “%(tag)s”%(place)s. Tags are not read.")
            % {"tag": str(event.tag)[:80], "place": _place(event)}
        )


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _NOT_FINITE.fullmatch(text):
        raise Unreadable(_("%(name)s is not a JSON number%(place)s.") % {"name": text, "place": _place(event)})
    try:
        if _INTEGER.fullmatch(text):
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        return float(text) if _FLOAT.fullmatch(text) else text
    except ValueError:  # Python's bound on the digits of a whole number
        raise Unreadable(_("There is a number with too many digits%(place)s.") % {"place": _place(event)}) from None


def _place(event: yaml.Event) -> str:
    return _mark_in_words(event.start_mark)


def _mark_in_words(mark: Any) -> str:
    """“ (line 3, column 5)”, or nothing where it is not known."""
    if mark is None:
        return ""
    return _(" (line %(line)d, column %(column)d)") % {"line": mark.line + 1, "column": mark.column + 1}
