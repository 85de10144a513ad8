"""Which time an address asks for; whatever it says, some range comes out, with the reason where it is another."""

import datetime as dt

import pytest

from apps.portal.usage.ranges import LONGEST_DAYS, PRESETS, read_range
from tests.portal.support import HOSTILE

NOW = dt.datetime(2026, 3, 15, 10, 30, tzinfo=dt.UTC)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("preset", "start", "end", "buckets"),
    [
        ("24h", utc(2026, 3, 14, 11), utc(2026, 3, 15, 11), 24),
        ("7d", utc(2026, 3, 9), utc(2026, 3, 16), 7),
        ("30d", utc(2026, 2, 14), utc(2026, 3, 16), 30),
    ],
)
def test_a_preset_ends_with_the_running_hour_or_day(
    preset: str, start: dt.datetime, end: dt.datetime, buckets: int
) -> None:
    span = read_range({"range": preset}, NOW)
    assert (span.start, span.end, span.buckets, span.preset) == (start, end, buckets, preset)


def test_without_a_word_the_last_30_days_are_shown() -> None:
    assert read_range({}, NOW).preset == "30d"


def test_two_dates_are_shown_with_their_last_day() -> None:
    span = read_range({"from": "2026-01-31", "to": "2026-02-02"}, NOW)
    assert (span.start, span.end) == (utc(2026, 1, 31), utc(2026, 2, 3))
    assert (span.first, span.last, span.buckets) == (dt.date(2026, 1, 31), dt.date(2026, 2, 2), 3)
    assert span.error == ""


def test_few_days_are_drawn_by_the_hour() -> None:
    assert read_range({"from": "2026-03-01", "to": "2026-03-02"}, NOW).buckets == 48
    assert read_range({"from": "2026-03-01", "to": "2026-03-03"}, NOW).buckets == 3


def test_a_preset_goes_before_dates_that_a_form_still_carries() -> None:
    assert read_range({"range": "7d", "from": "2026-01-31", "to": "2026-02-02"}, NOW).preset == "7d"
    assert read_range({"range": "", "from": "2026-01-31", "to": "2026-02-02"}, NOW).preset == ""


def test_days_to_come_are_cut_off() -> None:
    span = read_range({"from": "2026-03-14", "to": "2026-12-31"}, NOW)
    assert span.last == NOW.date()


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("2026-02-02", "2026-02-01", "after the last"),
        ("2027-01-01", "2027-01-02", "in the future"),
        ("2024-01-01", "2026-01-01", f"at most {LONGEST_DAYS} days"),
        ("2026-02-30", "2026-03-01", "year-month-day"),
        ("2026-02-01", "", "year-month-day"),
        ("1999-12-31", "2026-03-01", "year-month-day"),
    ],
)
def test_dates_that_make_no_sense_are_answered_with_the_reason(first: str, last: str, reason: str) -> None:
    span = read_range({"from": first, "to": last}, NOW)
    assert reason in span.error
    assert span.preset == "30d"


@pytest.mark.parametrize("name", ["range", "from", "to"])
def test_any_value_gives_a_range(name: str) -> None:
    for value in HOSTILE:
        span = read_range({name: value}, NOW)
        assert span.start < span.end
        span = read_range({"from": value, "to": value}, NOW)
        assert span.start < span.end, value


def test_a_range_asks_for_itself() -> None:
    for params in [{"range": preset} for preset in PRESETS] + [{"from": "2026-01-01", "to": "2026-01-31"}]:
        span = read_range(params, NOW)
        again = read_range(dict(pair.split("=") for pair in span.query.split("&")), NOW)
        assert again == span
