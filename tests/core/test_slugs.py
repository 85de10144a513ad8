"""Slugs: what is accepted is a host label and a path segment, and never a word of ours."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Invalid
from apps.core.slugs import RESERVED, check_slug, free_slug, slug_from

HOST_LABEL = re.compile(r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@given(st.text(max_size=70))
def test_what_passes_is_a_host_label(text: str) -> None:
    try:
        slug = check_slug(text)
    except Invalid:
        return
    assert HOST_LABEL.fullmatch(slug)
    assert 2 <= len(slug) <= 50
    assert slug not in RESERVED
    assert check_slug(slug) == slug


MALFORMED = [
    "", "a", "-a", "a-", "a--b", "xn--80ak6aa92e", "a b", "a_b", "a.b", "a/b", "аpple", "ﬁsh", "a\x00b", "a\nb",
    "x" * 51,
]  # fmt: skip


@pytest.mark.parametrize("text", [*MALFORMED, *sorted(RESERVED)])
def test_these_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        check_slug(text)


@pytest.mark.parametrize("value", [None, 12, b"abc", ["abc"]])
def test_another_type_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        check_slug(value)


@pytest.mark.parametrize(("text", "slug"), [("  Weather ", "weather"), ("a1", "a1"), ("x" * 50, "x" * 50)])
def test_these_pass(text: str, slug: str) -> None:
    assert check_slug(text) == slug


@given(st.text(max_size=120))
def test_a_slug_can_be_made_of_any_text(text: str) -> None:
    slug = slug_from(text, fallback="user")
    assert check_slug(slug) == slug
    assert len(slug) <= 45


@given(st.text("ab-", min_size=2, max_size=40).filter(lambda text: not text.endswith("-")), st.integers(0, 1200))
def test_a_free_slug_is_not_taken_and_fits(slug: str, many: int) -> None:
    taken: set[str] = set()
    for _ in range(min(many, 12)):
        found = free_slug(slug, taken)
        assert found not in taken
        assert len(found) <= 40
        taken.add(found)
