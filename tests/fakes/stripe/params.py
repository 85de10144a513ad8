"""Form-encoded parameters as Stripe's libraries send them: `items[0][price]=…&metadata[order]=7&expand[]=customer`."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.stripe.errors import invalid

_PARTS = re.compile(r"\[([^\]]*)\]")
# Parameters that every request may have.
_EVERYWHERE = {"expand"}
LIST_PARAMETERS = {"limit", "starting_after", "ending_before"}


def decode(encoded: str) -> dict[str, Any]:
    """The nested form: objects as dictionaries, lists as lists, every leaf a text."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        first = name.partition("[")[0]
        path = [first, *_PARTS.findall(name[len(first) :])]
        node = root
        for part, following in zip(path, [*path[1:], None], strict=True):
            key = part if part != "" else str(len(node))
            if following is None:
                node[key] = value
            else:
                node = node.setdefault(key, {})
                if not isinstance(node, dict):
                    raise invalid(f"Invalid hash: {name}", name)
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    decoded = {key: _lists(inner) for key, inner in value.items()}
    if decoded and all(key.isdecimal() for key in decoded):
        return [decoded[key] for key in sorted(decoded, key=int)]
    return decoded


class Params:
    """Typed access; what is wrong is answered as Stripe does. A name may be a path such as `card.token`."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def require_known(self, names: Iterable[str]) -> None:
        known = {*names, *_EVERYWHERE}
        if unknown := [name for name in self.values if name not in known]:
            raise invalid(f"Received unknown parameter: {unknown[0]}", unknown[0], "parameter_unknown")

    def require(self, *names: str) -> None:
        for name in names:
            if self._at(name) in (None, ""):
                raise invalid(f"Missing required param: {_bracketed(name)}.", _bracketed(name), "parameter_missing")

    def has(self, name: str) -> bool:
        return self._at(name) is not None

    def text(self, name: str, default: str | None = None) -> str | None:
        """An empty value unsets: it is read as the default."""
        value = self._at(name)
        if isinstance(value, dict | list):
            raise invalid(f"Invalid string: {value}", _bracketed(name))
        return value or default

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?\d+", value):
            raise invalid(f"Invalid integer: {value}", _bracketed(name), "parameter_invalid_integer")
        return int(value)

    def boolean(self, name: str, default: bool = False) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value not in {"true", "false"}:
            raise invalid(f"Invalid boolean: {value}", _bracketed(name))
        return value == "true"

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._at(name)
        if value in (None, ""):
            return {}
        if not isinstance(value, dict):
            raise invalid("Invalid hash", _bracketed(name))
        return value

    def items(self, name: str) -> list[Any]:
        value = self._at(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise invalid("Invalid array", _bracketed(name))
        return value

    def metadata(self, current: dict[str, str] | None = None, name: str = "metadata") -> dict[str, str]:
        """`current` with what is given; an empty text removes a key, and an empty `metadata` all of them."""
        if self._at(name) == "":
            return {}
        merged = {**(current or {}), **self.mapping(name)}
        return {key: value for key, value in merged.items() if value != ""}

    def under(self, name: str) -> "Params":
        return Params(self.mapping(name))

    def _at(self, name: str) -> Any:
        value: Any = self.values
        for part in name.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(part)
        return value


def _bracketed(name: str) -> str:
    first, *others = name.split(".")
    return first + "".join(f"[{part}]" for part in others)
