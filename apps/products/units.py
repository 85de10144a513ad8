"""The header in which a backend reports the units of a call."""

import re
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid

NAME_MAX = 60
# It is taken out of the answer, so it is none that has another meaning.
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_TAKEN = frozenset({
    "age", "allow", "connection", "date", "deprecation", "etag", "expires", "last-modified", "link", "location",
    "refresh", "retry-after", "server-timing", "set-cookie", "sunset", "trailer", "transfer-encoding", "upgrade",
    "vary", "via", "www-authenticate", "x-request-id",
})  # fmt: skip
_TAKEN_PREFIXES = (
    "access-control-", "cache-", "content-", "proxy-", "ratelimit", "sec-", "x-apifactory-", "x-ratelimit-",
)  # fmt: skip


def check_units_header(value: Any) -> str:
    """The name as it is stored, empty for none. Raises `Invalid`."""
    name = value.strip() if isinstance(value, str) else value
    if name == "":
        return ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Invalid(_("Give the name of a header, such as X-Usage-Units."), field="units_header")
    if name.lower() in _TAKEN or name.lower().startswith(_TAKEN_PREFIXES):
        raise Invalid(_("This header has a meaning of its own. Choose another name."), field="units_header")
    return name
