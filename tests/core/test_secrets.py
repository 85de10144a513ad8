"""The shape of a secret: a mistyped one is refused before anything is looked up."""

import hashlib
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import secrets
from apps.core.ids import BASE62, random_base62

# What a secret scanner would be given.
PUBLISHED = re.compile(r"\baf_live_[0-9A-Za-z]{38}\b")
PREFIX = "af_live_"
LENGTH = 46


def with_checksum(body: str) -> str:
    return body + secrets.checksum(body)


LOWEST, HIGHEST = with_checksum("af_live_" + "0" * 32), with_checksum("af_live_" + "z" * 32)
SECRETS = st.text(BASE62, min_size=32, max_size=32).map(lambda random_part: with_checksum("af_live_" + random_part))


class TestGenerate:
    def test_shape(self) -> None:
        made = secrets.generate(PREFIX)
        assert len(made.secret) == LENGTH
        assert PUBLISHED.fullmatch(made.secret)
        assert secrets.is_well_formed(PREFIX, made.secret)

    def test_every_key_is_another(self) -> None:
        assert len({secrets.generate(PREFIX).secret for _ in range(1000)}) == 1000

    def test_what_is_stored_and_shown(self) -> None:
        made = secrets.generate(PREFIX)
        assert made.digest == hashlib.sha256(made.secret.encode()).digest() == secrets.digest(made.secret)
        assert made.secret.startswith(made.prefix)
        assert made.secret.endswith(made.last4)
        # 28 random characters stay unknown: 166 bits.
        shown = set(range(len(made.prefix))) | set(range(LENGTH - 6, LENGTH))
        assert LENGTH - len(shown) == 28

    def test_a_scanner_finds_it_in_text(self) -> None:
        made = secrets.generate(PREFIX).secret
        for text in (f'key = "{made}"', f"curl -H 'X-Api-Key: {made}' https://x", f"?api_key={made}&a=1", made):
            assert PUBLISHED.findall(text) == [made]


class TestWellFormed:
    @pytest.mark.parametrize(
        "key", [LOWEST, HIGHEST, secrets.generate(PREFIX).secret], ids=["lowest", "highest", "random"]
    )
    def test_every_single_change_is_noticed(self, key: str) -> None:
        assert secrets.is_well_formed(PREFIX, key)
        for position in range(LENGTH):
            for other in {*string.printable, "é", "٣", "\x00"} - {key[position]}:
                assert not secrets.is_well_formed(PREFIX, key[:position] + other + key[position + 1 :])

    @given(SECRETS, st.integers(0, LENGTH - 2))
    def test_swapped_neighbours_are_noticed(self, key: str, position: int) -> None:
        swapped = key[:position] + key[position + 1] + key[position] + key[position + 2 :]
        assert secrets.is_well_formed(PREFIX, swapped) is (swapped == key)

    @given(SECRETS, st.integers(0, LENGTH))
    def test_a_missing_or_added_character_is_noticed(self, key: str, position: int) -> None:
        assert not secrets.is_well_formed(PREFIX, key[:position] + "a" + key[position:])
        if position < LENGTH:
            assert not secrets.is_well_formed(PREFIX, key[:position] + key[position + 1 :])

    def test_a_string_that_only_looks_like_a_key_is_none(self) -> None:
        """One in 2^32 random strings has a right checksum; in 20,000 there is none."""
        assert not any(secrets.is_well_formed(PREFIX, "af_live_" + random_base62(38)) for _ in range(20_000))

    @given(st.text(max_size=60))
    def test_any_text_gets_an_answer(self, text: str) -> None:
        assert secrets.is_well_formed(PREFIX, text) in (True, False)
        assert not secrets.is_well_formed(PREFIX, f"af_live_{text}é")

    @pytest.mark.parametrize("change", ["{} ", " {}", "{}\n", "\n{}", "{}\x00", "Bearer {}", "{0}{0}"])
    def test_nothing_may_stand_around_it(self, change: str) -> None:
        assert not secrets.is_well_formed(PREFIX, change.format(secrets.generate(PREFIX).secret))

    def test_the_prefix_belongs_to_it(self) -> None:
        key = secrets.generate(PREFIX).secret
        assert not secrets.is_well_formed("af_test_", key)
        assert not secrets.is_well_formed("af_test_", key.replace("live", "test"))
        assert secrets.is_well_formed("af_pat_", secrets.generate("af_pat_").secret)

    def test_digits_of_other_scripts_are_no_digits(self) -> None:
        key = secrets.generate(PREFIX).secret
        assert not secrets.is_well_formed(PREFIX, key[:-1] + "٣")


class TestChecksum:
    def test_is_six_digits_of_base62_zero_padded(self) -> None:
        # CRC-32 of the empty string is 0; that of "123456789" is 0xCBF43926 by every implementation.
        assert secrets.checksum("") == "000000"
        value = 0
        for digit in secrets.checksum("123456789"):
            value = value * 62 + BASE62.index(digit)
        assert value == 0xCBF43926

    @given(st.text(string.printable))
    def test_always_fits(self, body: str) -> None:
        assert re.fullmatch(r"[0-9A-Za-z]{6}", secrets.checksum(body))
