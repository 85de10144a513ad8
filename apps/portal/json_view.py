"""JSON data as a tree of plain nodes, so that a template can write it with what it is."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Node:
    """`kind` is object, array, string, number, boolean or null. A container has `children`, a value its `text`."""

    kind: str
    text: str = ""
    children: tuple[tuple[str, "Node"], ...] = ()

    @property
    def is_container(self) -> bool:
        return self.kind in ("object", "array")

    @property
    def opening(self) -> str:
        return "{" if self.kind == "object" else "["

    @property
    def closing(self) -> str:
        return "}" if self.kind == "object" else "]"


def node(value: Any) -> Node:
    """The tree of what `json.loads` gives."""
    if isinstance(value, dict):
        return Node("object", children=tuple((str(key), node(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return Node("array", children=tuple(("", node(item)) for item in value))
    if value is None:
        return Node("null", "null")
    if isinstance(value, bool):
        return Node("boolean", "true" if value else "false")
    if isinstance(value, int | float):
        return Node("number", json.dumps(value))
    return Node("string", json.dumps(str(value), ensure_ascii=False))
