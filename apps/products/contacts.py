"""Where help is to be had: an e-mail address, a link or a telephone number, as the kind of the channel wants it."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator, validate_email
from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.products.enums import SupportKind

VALUE_MAX = 300
# Visible ASCII without what stands in no URL: " < > \ ^ ` { | }
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{4,30}")
_check_domain = DomainNameValidator(accept_idna=False)


def check_contact(kind: Any, value: Any, *, field: str = "value") -> str:
    """The value as it is stored. Raises `Invalid` that says what a value of this kind looks like."""
    if kind not in SupportKind.values:
        raise Invalid(_("Choose one of the kinds."), field="kind")
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > VALUE_MAX:
        raise Invalid(_("Give %(most)d characters at most.") % {"most": VALUE_MAX}, field=field)
    if kind == SupportKind.EMAIL:
        return _checked_email(text, field)
    if kind == SupportKind.PHONE:
        return _checked_phone(text, field)
    return check_link(text, field=field)


def href_of(kind: str, value: str) -> str:
    """What a link to the contact leads to."""
    if kind == SupportKind.EMAIL:
        return f"mailto:{value}"
    if kind == SupportKind.PHONE:
        return "tel:" + re.sub(r"[^+0-9]", "", value)
    return value


def check_link(text: str, *, field: str) -> str:
    """A link to a page that people open: https, a host name with a dot, no credentials. Raises `Invalid`."""
    if not _URL.fullmatch(text) or not _leads_somewhere(text):
        raise Invalid(_("Give a link such as https://example.com/help."), field=field)
    return text


def _leads_somewhere(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _check_domain(parts.hostname)
        return parts.scheme == "https" and "@" not in parts.netloc and parts.port != 0
    except (ValueError, ValidationError):
        return False


def _checked_email(text: str, field: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        text = ""
    # In a link, these would begin headers of the mail or end the address.
    if not text or not text.isascii() or set(text) & set('?&%"<>'):
        raise Invalid(_("Give an e-mail address such as help@example.com."), field=field)
    return text


def _checked_phone(text: str, field: str) -> str:
    digits = sum(character.isdigit() for character in text)
    if not _PHONE.fullmatch(text) or not 6 <= digits <= 15:
        raise Invalid(_("Give a number with its country code, such as +49 30 1234567."), field=field)
    return text
