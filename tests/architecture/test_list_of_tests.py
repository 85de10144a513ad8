"""The lists of what holds of the money and of calls name tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_each_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (TESTS / "README.md").read_text())
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (TESTS / path).exists() or f"def {name}(" not in (TESTS / path).read_text()
    ]
    assert missing == []
