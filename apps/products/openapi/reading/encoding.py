"""Bytes to text: UTF-8, or what a byte order mark says."""

import codecs

from django.utils.translation import gettext as _

from apps.products.openapi.reading.limits import Unreadable

# UTF-32 first: its little-endian mark begins with that of UTF-16. These codecs take the mark away.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(raw: bytes) -> str:
    """The text of the document. Raises `Unreadable` for every other encoding."""
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8-sig")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            _("The document is not %(encoding)s text (at byte %(position)s). Save it as UTF-8.")
            % {"encoding": "UTF-8" if encoding == "utf-8-sig" else encoding.upper(), "position": f"{error.start:,}"}
        ) from None
    if "\x00" in text:
        raise Unreadable(_("The document has NUL characters: it is a binary file, or in UTF-16. Save it as UTF-8."))
    return text
