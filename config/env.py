"""Strict readers of environment variables: a wrong value stops the process at its start.

Every variable may also be given as a file (`NAME_FILE=/run/secrets/name`), as container platforms do.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class ConfigurationError(RuntimeError):
    """A variable is missing or has a value that cannot be read."""


def text(name: str, default: str | None = None) -> str:
    """The variable's text; with no default, it must be set."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ConfigurationError(f"{name} must be set (see .env.example).")
    return value


def boolean(name: str, default: bool) -> bool:
    """`true` or `false`, in any case; unset or empty is the default."""
    value = text(name, "").lower()
    if value == "":
        return default
    if value in ("true", "1", "yes", "on"):
        return True
    if value in ("false", "0", "no", "off"):
        return False
    raise ConfigurationError(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int) -> int:
    value = text(name, "")
    if value == "":
        return default
    try:
        return int(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}.") from None


def choice(name: str, options: Sequence[str]) -> str:
    """One of the options; unset or empty is the first."""
    value = text(name, "") or options[0]
    if value not in options:
        raise ConfigurationError(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def integers(name: str, default: str = "") -> list[int]:
    """Comma-separated whole numbers above zero, the smallest first."""
    found = words(name, default)
    if not all(word.isdecimal() and int(word) > 0 for word in found):
        raise ConfigurationError(f"{name} must be whole numbers above zero with commas between them, not {found!r}.")
    return sorted({int(word) for word in found})


def mapping(name: str) -> dict[str, Any]:
    """A JSON object; unset or empty is an empty one."""
    value = text(name, "")
    try:
        found = json.loads(value or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{name} must be a JSON object, not {value!r}.")
    return found
