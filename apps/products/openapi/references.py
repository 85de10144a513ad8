"""References within a document: `#/components/schemas/Pet`, `#/definitions/Pet`, `#/paths/~1pets/get`."""

from typing import Any
from urllib.parse import unquote

# A chain of references from one to the next that is longer leads nowhere.
_HOPS_MAX = 20


class References:
    """Looks up the parts of one document. `dangling` collects the references that point to nothing."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self._found: dict[str, Any] = {}
        self.dangling: dict[str, None] = {}  # in the order in which they were met

    def find(self, reference: str) -> Any:
        """The value that the reference points to, which may be one itself; None where there is nothing."""
        if reference not in self._found:
            self._found[reference] = self._look_up(reference)
        found = self._found[reference]
        if found is None:
            self.dangling[reference] = None
        return found

    def follow(self, value: Any) -> Any:
        """The value itself, or what it refers to in the end; None for nothing and for a circle of references."""
        for _ in range(_HOPS_MAX):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return value
            value = self.find(reference)
        return None

    def _look_up(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return None
        value: Any = self._content
        for raw in reference[2:].split("/"):
            step = unquote(raw).replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 7:
                value = value[int(step)] if int(step) < len(value) else None
            else:
                return None
        return value
