"""What goes wrong between a client and Stripe, switched on for the next requests that fit."""

import re
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "drop",  # carried out; the connection is cut before the answer
    "drop_before",  # the connection is cut, and nothing was done
    "rate_limit",  # 429, nothing was done
    "unavailable",  # 503, nothing was done, and the key is free
    "error_before",  # 500, nothing was done, and the key keeps this answer
    "error_after",  # 500, carried out, and the key keeps this answer
    "delay",  # carried out after `seconds`; the same key meanwhile answers 409
}


@dataclass
class Fault:
    """For `times` requests that fit, after `skip` of them. `path` is a regular expression over the whole path."""

    kind: str
    method: str = "POST"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault: {self.kind}")

    def takes(self, method: str, path: str) -> bool:
        if self.times < 1 or self.method not in (method, "*") or not re.fullmatch(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def add(self, **values: Any) -> None:
        self.waiting.append(Fault(**values))

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request."""
        return next((fault for fault in self.waiting if fault.takes(method, path)), None)
