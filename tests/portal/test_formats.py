"""Numbers are written in one way everywhere: parted by narrow spaces, with a unit that is never wrong by rounding."""

import datetime as dt
from decimal import Decimal

import pytest

from apps.portal import formats

NARROW = "\u202f"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def written(quantity: formats.Quantity) -> str:
    """With ordinary spaces, so that the expectations can be read."""
    return str(quantity).replace(NARROW, " ")


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0, 0, "0"),
        (999, 0, "999"),
        (1000, 0, "1 000"),
        (1234567, 0, "1 234 567"),
        (1234567.5, 1, "1 234 567.5"),
        (-1234, 0, "\u22121 234"),
        (-0.001, 2, "0.00"),  # nothing is not negative
    ],
)
def test_thousands_are_parted(value: float, digits: int, expected: str) -> None:
    assert formats.grouped(value, digits).replace(NARROW, " ") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (950, "950"),
        (999, "999"),
        (1000, "1 k"),
        (1249, "1.2 k"),
        (9960, "10 k"),
        (48210, "48 k"),
        (999_499, "999 k"),
        (999_500, "1 M"),  # never 1000 k
        (3_400_000, "3.4 M"),
    ],
)
def test_compact_numbers_have_at_most_three_digits(value: int, expected: str) -> None:
    assert written(formats.compact(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 B"), (512, "512 B"), (1536, "1.5 KiB"), (1_048_575, "1 MiB"), (10 * 1024 * 1024, "10 MiB")],
)
def test_sizes_are_binary(value: int, expected: str) -> None:
    assert written(formats.byte_size(value)) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.2", "USD", "0.002 USD"), ("20", "USD", "0.20 USD"), ("0.20000000", "USD", "0.002 USD"),
        ("100", "USD", "1.00 USD"), ("0", "USD", "0.00 USD"), ("250000", "USD", "2 500.00 USD"),
        ("0.5", "JPY", "0.5 JPY"), ("30", "JPY", "30 JPY"), ("0.00000001", "USD", "0.0000000001 USD"),
    ],
)  # fmt: skip
def test_a_unit_price_has_the_places_that_it_needs(amount: str, currency: str, expected: str) -> None:
    assert written(formats.unit_price(Decimal(amount), currency)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 ms"),
        (0.41, "0.4 ms"),
        (8.2, "8.2 ms"),
        (9.96, "10 ms"),
        (123.4, "123 ms"),
        (999.7, "1.00 s"),
        (61_200, "61.2 s"),
    ],
)
def test_milliseconds_become_seconds(value: float, expected: str) -> None:
    assert written(formats.milliseconds(value)) == expected


def test_microseconds_are_written_as_milliseconds() -> None:
    assert written(formats.microseconds(41_200)) == "41 ms"


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, "0 %"),
        (0.0004, "< 0.1 %"),  # something happened: not 0 %
        (0.068, "6.8 %"),
        (0.5, "50 %"),
        (0.99951, "> 99.9 %"),  # something failed: not 100 %
        (1, "100 %"),
    ],
)
def test_a_share_never_rounds_to_none_or_all(share: float, expected: str) -> None:
    assert written(formats.percent(share)) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (2900, "USD", "29.00 USD"),
        (1_999_900, "EUR", "19 999.00 EUR"),
        (5, "usd", "0.05 USD"),
        (2900, "JPY", "2 900 JPY"),
        (2900, "KWD", "2.900 KWD"),
        (-100, "USD", "\u22121.00 USD"),
    ],
)
def test_money_follows_the_minor_unit_of_its_currency(amount: int, currency: str, expected: str) -> None:
    assert written(formats.money(amount, currency)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-01", "2026-12-01", "1–30 November 2026"),
        ("2026-11-22", "2026-11-23", "22 November 2026"),
        ("2026-11-16", "2026-12-16", "16 November – 15 December 2026"),
        ("2026-12-15", "2027-01-15", "15 December 2026 – 14 January 2027"),
        ("2026-11-14T09:30", "2026-12-14T09:30", "14 Nov, 09:30 – 14 Dec 2026, 09:30 UTC"),
        ("2026-12-14T09:30", "2027-01-14T09:30", "14 Dec 2026, 09:30 – 14 Jan 2027, 09:30 UTC"),
    ],
)
def test_a_half_open_period_is_written_as_the_days_it_covers(start: str, end: str, expected: str) -> None:
    assert formats.period(at(start), at(end)) == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("2026-11-22T12:00:00", "just now"),
        ("2026-11-22T11:59:00", "1 min ago"),
        ("2026-11-22T11:00:20", "1 h ago"),
        ("2026-11-22T09:00:00", "3 h ago"),
        ("2026-11-20T12:00:00", "2 d ago"),
        ("2026-11-23T12:00:00", "in 1 d"),
        ("2026-11-22T12:05:00", "in 5 min"),
        ("2026-01-02T12:00:00", "2 Jan 2026"),
    ],
)
def test_relative_times_take_the_largest_whole_unit(then: str, expected: str) -> None:
    assert formats.relative(at(then), at("2026-11-22T12:00:00")) == expected
