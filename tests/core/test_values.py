"""Whatever is given: a value that can be stored and shown, or `Invalid` with its field."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Invalid
from apps.core.values import check_integer, check_line, check_text

ANY_TEXT = st.text(alphabet=st.characters(codec=None, min_codepoint=0, max_codepoint=0x10FFFF), max_size=60)
NOT_TEXTS: list[Any] = [None, 5, 1.5, True, b"abc", ["a"], {"a": 1}, object()]


class TestLine:
    @given(ANY_TEXT)
    def test_what_passes_is_one_visible_line_that_can_be_stored(self, text: str) -> None:
        try:
            line = check_line(text, field="name", longest=40)
        except Invalid:
            return
        assert 1 <= len(line) <= 40
        assert line.isprintable()
        assert line == line.strip() == unicodedata.normalize("NFC", line)
        line.encode()  # no lone surrogates
        assert check_line(line, field="name", longest=40) == line

    @pytest.mark.parametrize("value", NOT_TEXTS)
    def test_another_type_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            check_line(value, field="name", longest=40)

    @pytest.mark.parametrize(
        "character", ["\x00", "\x1b", "\x7f", "\u200b", "\u202e", "\ufeff", "\ud800", "\U000e0041"]
    )
    def test_an_unseen_character_is_refused_and_named(self, character: str) -> None:
        with pytest.raises(Invalid, match=f"U\\+{ord(character):04X}"):
            check_line(f"Al{character}ice", field="name", longest=40)

    def test_white_space_of_any_kind_becomes_one_space(self) -> None:
        assert check_line(" \t a\u00a0\n\u2003 b\r\n", field="name", longest=3) == "a b"

    def test_two_spellings_of_the_same_letters_are_one(self) -> None:
        assert check_line("Cafe\u0301", field="name", longest=4) == "Café"

    @pytest.mark.parametrize("length", [0, 41, 1_000_000])
    def test_the_length_counts(self, length: int) -> None:
        with pytest.raises(Invalid):
            check_line("x" * length, field="name", longest=40)
        assert check_line("x" * 40, field="name", longest=40) == "x" * 40
        assert check_line("", field="tagline", shortest=0, longest=40) == ""


class TestText:
    @given(ANY_TEXT)
    def test_what_passes_can_be_stored(self, text: str) -> None:
        try:
            stored = check_text(text, field="description", longest=50)
        except Invalid:
            return
        assert len(stored) <= 50
        assert not any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in stored)
        stored.encode()
        assert check_text(stored, field="description", longest=50) == stored

    def test_lines_stay_and_have_one_kind_of_end(self) -> None:
        assert check_text("a\r\nb\rc\n", field="description", longest=9) == "a\nb\nc"

    @pytest.mark.parametrize("value", NOT_TEXTS)
    def test_another_type_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            check_text(value, field="description", longest=9)


class TestInteger:
    @given(st.integers())
    def test_only_what_lies_within_the_bounds_passes(self, number: int) -> None:
        if -3 <= number <= 7:
            assert check_integer(number, field="weight", lowest=-3, highest=7) == number
        else:
            with pytest.raises(Invalid) as refused:
                check_integer(number, field="weight", lowest=-3, highest=7)
            assert refused.value.field == "weight"

    @pytest.mark.parametrize("value", [True, False, 1.0, "1", None, float("nan"), 10**30, [1]])
    def test_what_is_no_whole_number_within_the_bounds_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            check_integer(value, field="weight", lowest=0, highest=10**15)

    def test_the_message_says_the_bounds(self) -> None:
        with pytest.raises(Invalid, match="from 0 to 1,000,000"):
            check_integer(-1, field="weight", lowest=0, highest=1_000_000)
