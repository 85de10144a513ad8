"""A guess learns nothing from how long its refusal takes: a key is found by its SHA-256, and compared with nothing.

The clock is not asked here (`bench/key_timing.py` does that): what is looked at is which lines run, and what is asked
for.
"""

import asyncio
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.secrets import RANDOM_LENGTH
from apps.gateway.engine.admission.guesses import Guesses
from apps.keys.secret import digest, generate, is_well_formed
from apps.keys.selectors import find_key
from bench.key_timing import OneKey, call_with, refuse, welch_t, wrong_at
from tests.factories.keys import ApiKeyFactory

APPS = str(Path(__file__).resolve().parents[2] / "apps")
POSITIONS = range(RANDOM_LENGTH)


def steps_of(guess: str, directory: OneKey) -> list[tuple[str, int]]:
    """Every line of the product that runs until the guess is refused.

    Without those that write the guess' own checksum as base62: they know nothing of the key.
    """
    steps: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(APPS) or frame.f_code.co_name == "_base62":
            return None
        if event == "line":
            steps.append((frame.f_code.co_filename, frame.f_lineno))
        return trace

    call, guesses, before = call_with(guess), Guesses(0), sys.gettrace()
    sys.settrace(trace)
    try:
        asyncio.run(refuse(call, directory, guesses))
    finally:
        sys.settrace(before)
    return steps


def test_every_wrong_key_takes_the_same_steps_however_much_of_it_is_right() -> None:
    directory = OneKey(generate().secret)
    guesses = [wrong_at(directory.secret, position) for position in POSITIONS]
    assert all(map(is_well_formed, guesses))
    steps_of(guesses[0], directory)  # what is remembered from call to call
    first, *others = (steps_of(guess, directory) for guess in guesses)
    assert len(first) > 50
    assert all(steps == first for steps in others)


def test_what_is_looked_up_is_the_digest_of_the_guess_alone() -> None:
    directory = OneKey(generate().secret)
    for position in POSITIONS:
        directory.asked.clear()
        guess = wrong_at(directory.secret, position)
        asyncio.run(refuse(call_with(guess), directory, Guesses(0)))
        assert set(directory.asked) == {digest(guess)}


@pytest.mark.django_db
def test_postgres_is_asked_by_the_digest_and_never_sees_a_secret() -> None:
    secret = generate().secret
    key = ApiKeyFactory(digest=digest(secret))
    guess = wrong_at(secret, RANDOM_LENGTH - 1)
    for sent, found in ((secret, key), (guess, None)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert find_key(sent) == found
        assert '"digest" = ' in queries[0]["sql"]
        assert not any(sent[:20] in query["sql"] for query in queries)


def test_the_benchmark_tells_samples_that_differ() -> None:
    assert abs(welch_t([1.0, 2.0, 3.0] * 100, [3.0, 2.0, 1.0] * 100)) < 1e-9
    assert welch_t([1.0, 2.0, 3.0] * 100, [2.0, 3.0, 4.0] * 100) < -4.5
