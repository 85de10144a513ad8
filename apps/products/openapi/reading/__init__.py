"""An OpenAPI document as it was given, bytes in and JSON values out, read without trusting it.

Nothing is fetched and no file is opened, whatever the document names. Size, number of values and depth are capped
before they can cost anything, so that the worst document ends in a sentence within a second or two.
"""

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.json_values import fault_in
from apps.products.openapi.reading.encoding import decode
from apps.products.openapi.reading.foreign import find_foreign_reference
from apps.products.openapi.reading.json_text import parse_json
from apps.products.openapi.reading.limits import BYTES_MAX, DEPTH_MAX, OPERATIONS_MAX, VALUES_MAX, Unreadable
from apps.products.openapi.reading.yaml_text import parse_yaml

_TITLE_MAX = 200
_VERSION_MAX = 60


@dataclass(frozen=True, slots=True)
class Document:
    """`content` is what was read, references within it in place; `dialect` is 2.0, 3.0 or 3.1."""

    dialect: str
    title: str
    version: str
    content: dict[str, Any]

    @property
    def description(self) -> str:
        info = self.content.get("info")
        text = info.get("description") if isinstance(info, dict) else None
        return text if isinstance(text, str) else ""


def read_document(raw: bytes, *, field: str = "document") -> Document:
    """Read an OpenAPI document of version 2.0, 3.0 or 3.1 from JSON or YAML.

    Raises `Invalid`, at `field`, with a sentence that says what is wrong and where: too large, another encoding than
    Unicode, broken or ambiguous JSON or YAML (duplicate keys, aliases, tags), nested too deeply, another format or
    version, a reference that leaves the document.
    """
    try:
        return _read(raw)
    except Unreadable as error:
        raise Invalid(str(error), field=field) from None


def as_document(content: Any) -> Document:
    """The values of a document that was read before, with what identifies it. Raises `Unreadable`."""
    if not isinstance(content, dict):
        _refuse_kind()
    info = content.get("info")
    info = info if isinstance(info, dict) else {}
    return Document(
        dialect=_dialect(content),
        title=_line(info.get("title"), _TITLE_MAX),
        version=_line(info.get("version"), _VERSION_MAX),
        content=content,
    )


def _read(raw: bytes) -> Document:
    if len(raw) > BYTES_MAX:
        raise Unreadable(_("The document is larger than %(most)d MB.") % {"most": BYTES_MAX // 1_000_000})
    text = decode(raw)
    start = text.lstrip()[:1]
    if not start:
        raise Unreadable(_("The document is empty."))
    if start == "<":
        raise Unreadable(_("This is HTML or XML. An OpenAPI document is JSON or YAML."))
    content = parse_json(text) if start in "{[" else parse_yaml(text)
    if fault := fault_in(content, deepest=DEPTH_MAX, most_values=VALUES_MAX):
        raise Unreadable(_("The document cannot be taken. %(fault)s") % {"fault": fault})
    document = as_document(content)
    paths = document.content.get("paths", {})
    if not isinstance(paths, dict):
        raise Unreadable(_("“paths” has to be an object with a path in each key."))
    if sum(len(item) for item in paths.values() if isinstance(item, dict)) > OPERATIONS_MAX:
        raise Unreadable(_("The document has more than %(most)s operations.") % {"most": f"{OPERATIONS_MAX:,}"})
    if foreign := find_foreign_reference(content):
        place, target = foreign
        raise Unreadable(
            _(
                "The reference “%(target)s” (at %(place)s) leads out of the document, and nothing else is read. "
                "Bundle the parts into one document first."
            )
            % {"target": target[:200], "place": place[-200:]}
        )
    return document


def _dialect(content: dict[str, Any]) -> str:
    """Numbers are taken, too: `swagger: 2.0` without quotes is one in YAML."""
    if "openapi" in content:
        found = str(content["openapi"])
        if match := re.fullmatch(r"(3\.[01])(\.\d{1,3}(-.{1,20})?)?", found):
            return match[1]
    elif "swagger" in content:
        found = str(content["swagger"])
        if re.fullmatch(r"2(\.0)?", found):
            return "2.0"
    else:
        _refuse_kind()
    raise Unreadable(
        _("The document says that it is of version “%(version)s”. OpenAPI 2.0, 3.0 and 3.1 can be read.")
        % {"version": found[:40]}
    )


def _refuse_kind() -> NoReturn:
    raise Unreadable(
        _("This is not an OpenAPI document: it has neither “openapi” nor “swagger” at its top, with a version.")
    )


def _line(value: Any, longest: int) -> str:
    """A title or version as one line of visible characters."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: longest * 2]).split())[:longest].strip()
