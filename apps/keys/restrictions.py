"""Checks of what a key is restricted to: its scopes. (The networks that it works from: `apps.core.networks`.)"""

from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.keys.enums import KeyScope


def check_scopes(value: Any, *, field: str) -> list[str]:
    """The scopes, each once, in the order of `KeyScope`. Raises `Invalid`."""
    if not isinstance(value, list | tuple):
        raise Invalid(_("This must be a list."), field=field)
    if any(scope not in KeyScope.values for scope in value):
        raise Invalid(_("Scopes are: %s.") % ", ".join(KeyScope.values), field=field)
    return [scope for scope in KeyScope.values if scope in value]
