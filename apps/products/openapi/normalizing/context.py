"""What the parts of an operation share while they are normalized: references, and how much may be written out."""

import re
from dataclasses import dataclass
from typing import Any

from apps.products.openapi.references import References

# Values of schemas in one operation and in all of a document. Beyond them a reference stays one, by its name.
OPERATION_VALUES_MAX = 5_000
DOCUMENT_VALUES_MAX = 300_000
# References inside of references, and levels of nesting.
REFERENCE_DEPTH_MAX = 12
LEVEL_MAX = 48
# An exported schema with this mark stands for one that refers to itself: see `openapi/export.py`.
STUB_MARK = "x-refers-to-itself"

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(slots=True)
class Context:
    references: References
    in_operation: int = OPERATION_VALUES_MAX
    in_document: int = DOCUMENT_VALUES_MAX

    def begin_operation(self, values: int = OPERATION_VALUES_MAX) -> None:
        self.in_operation = values

    def spend(self) -> None:
        self.in_operation -= 1
        self.in_document -= 1

    @property
    def is_spent(self) -> bool:
        return self.in_operation <= 0 or self.in_document <= 0

    def follow(self, value: Any) -> dict[str, Any]:
        """The object, or the one that it refers to; empty for anything else."""
        found = self.references.follow(value)
        return found if isinstance(found, dict) else {}


def component_name(reference: str) -> str:
    """The last step of a reference, as the name of a component may be."""
    return _NOT_IN_A_NAME.sub("-", reference.rsplit("/", 1)[-1]).strip("-")[:100] or "Schema"
