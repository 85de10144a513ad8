"""A value that passes can be stored as jsonb and sent as JSON; the walk ends whatever it is given."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.json_values import fault_in

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def fault(value: Any) -> str | None:
    return fault_in(value, deepest=10, most_values=1000)


@given(JSON)
def test_what_json_can_say_passes_unless_it_has_a_nul(value: Any) -> None:
    text = json.dumps(value)
    if "\\u0000" in text.replace("\\\\", ""):
        assert fault(value) is not None
    elif fault(value) is not None:
        # Only the depth can be at fault then: hypothesis nests as it likes.
        assert "nested" in str(fault(value))


@pytest.mark.parametrize(
    "value",
    [
        "\x00", {"a": "\x00"}, {"\x00": 1}, ["\ud800"], {"\udfff": 1}, float("nan"), [float("inf")], {1: 2}, {None: 1},
        b"bytes", object(), (1, 2), {1, 2}, {"a": [{"b": -float("inf")}]},
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused(value: Any) -> None:
    assert fault(value)


def test_text_that_only_looks_like_an_escape_passes() -> None:
    assert fault({"pattern": "^[^\\u0000]*$", "sample": "\\ud800"}) is None


def test_depth_is_bounded() -> None:
    value: Any = "x"
    for _ in range(10):
        value = [value]
    assert fault(value) is None
    assert "nested" in str(fault([value]))


def test_a_value_that_contains_itself_ends_the_walk() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert fault(endless)


def test_aliases_that_blow_up_end_the_walk() -> None:
    value: Any = ["lol"]
    for _ in range(60):
        value = [value] * 9
    assert fault_in(value, deepest=100, most_values=10_000)


def test_the_number_of_values_is_bounded() -> None:
    assert fault([0] * 999) is None
    assert "1,000" in str(fault([0] * 1000))
