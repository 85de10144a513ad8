"""References that lead out of a document: to another host, or to a file beside it."""

from typing import Any

# What stands below these keys is data of the creator, not part of the description.
_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
# Below these every key is a name that somebody gave, not a keyword.
_NAMES = frozenset(
    {
        "callbacks", "definitions", "dependentSchemas", "headers", "links", "parameters", "pathItems", "paths",
        "patternProperties", "properties", "requestBodies", "responses", "schemas", "webhooks", "$defs",
    }
)  # fmt: skip


def find_foreign_reference(content: dict[str, Any]) -> tuple[str, str] | None:
    """The place and the target of the first `$ref` that is not of the form `#/…`; None where all are."""
    waiting: list[tuple[Any, str, bool]] = [(content, "#", False)]
    while waiting:
        value, place, keys_are_names = waiting.pop()
        if isinstance(value, list):
            waiting += [(part, f"{place}/{i}", False) for i, part in enumerate(value) if isinstance(part, dict | list)]
        elif isinstance(value, dict):
            target = value.get("$ref")
            if isinstance(target, str) and not keys_are_names and not target.startswith("#"):
                return place, target
            for key, part in value.items():
                is_data = not keys_are_names and (key in _DATA or key.startswith("x-"))
                if isinstance(part, dict | list) and not is_data:
                    step = key.replace("~", "~0").replace("/", "~1")
                    waiting.append((part, f"{place}/{step}", not keys_are_names and key in _NAMES))
    return None
