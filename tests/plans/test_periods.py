"""Periods: half-open, without gap or overlap, and the same wherever one looks from."""

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.plans.periods import period_at

UNITS = ["day", "week", "month", "year"]
ANCHORS = ["calendar", "subscription"]
TICK = dt.timedelta(microseconds=1)
INSTANTS = st.integers(0, 200 * 365 * 24 * 3600 * 10**6).map(
    lambda microseconds: dt.datetime(1990, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
)
ZONES = st.sampled_from([dt.UTC, *(dt.timezone(dt.timedelta(hours=hours)) for hours in (-12, -5, 1, 5.75, 14))])


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


class TestEveryPeriod:
    @given(st.sampled_from(UNITS), st.sampled_from(ANCHORS), INSTANTS, INSTANTS)
    def test_holds_the_instant_and_is_half_open(
        self, unit: str, anchor: str, anchored_at: dt.datetime, at: dt.datetime
    ) -> None:
        start, end = period_at(unit, anchor, anchored_at, at)
        assert start <= at < end
        assert start.tzinfo is end.tzinfo is dt.UTC
        assert period_at(unit, anchor, anchored_at, start) == (start, end)
        assert period_at(unit, anchor, anchored_at, end - TICK) == (start, end)

    @given(st.sampled_from(UNITS), st.sampled_from(ANCHORS), INSTANTS, INSTANTS)
    def test_touches_the_next_and_the_one_before(
        self, unit: str, anchor: str, anchored_at: dt.datetime, at: dt.datetime
    ) -> None:
        start, end = period_at(unit, anchor, anchored_at, at)
        assert period_at(unit, anchor, anchored_at, end)[0] == end
        assert period_at(unit, anchor, anchored_at, start - TICK)[1] == start

    @given(st.sampled_from(UNITS), st.sampled_from(ANCHORS), INSTANTS, INSTANTS, st.integers(1, 40))
    def test_many_add_up_to_the_whole(
        self, unit: str, anchor: str, anchored_at: dt.datetime, at: dt.datetime, many: int
    ) -> None:
        first, end = period_at(unit, anchor, anchored_at, at)
        total = end - first
        for _ in range(many):
            start, following = period_at(unit, anchor, anchored_at, end)
            total += following - start
            end = following
        assert total == end - first

    @given(st.sampled_from(UNITS), st.sampled_from(ANCHORS), INSTANTS, INSTANTS, ZONES, ZONES)
    def test_is_the_same_in_every_time_zone(
        self, unit: str, anchor: str, anchored_at: dt.datetime, at: dt.datetime, one: dt.tzinfo, other: dt.tzinfo
    ) -> None:
        expected = period_at(unit, anchor, anchored_at, at)
        assert period_at(unit, anchor, anchored_at.astimezone(one), at.astimezone(other)) == expected

    @given(st.sampled_from(UNITS), INSTANTS)
    def test_of_a_subscription_begins_with_it(self, unit: str, anchored_at: dt.datetime) -> None:
        assert period_at(unit, "subscription", anchored_at, anchored_at)[0] == anchored_at

    @given(st.sampled_from(["month", "year"]), INSTANTS, INSTANTS)
    def test_of_a_subscription_keeps_its_day_or_takes_the_last(
        self, unit: str, anchored_at: dt.datetime, at: dt.datetime
    ) -> None:
        start, end = period_at(unit, "subscription", anchored_at, at)
        for boundary in (start, end):
            last = calendar.monthrange(boundary.year, boundary.month)[1]
            assert boundary.day == min(anchored_at.day, last)
            assert boundary.timetz() == anchored_at.timetz()
        months = (end.year - start.year) * 12 + end.month - start.month
        assert months == (12 if unit == "year" else 1)

    @given(st.sampled_from(UNITS), INSTANTS, INSTANTS, INSTANTS)
    def test_of_the_calendar_does_not_depend_on_the_subscription(
        self, unit: str, one: dt.datetime, other: dt.datetime, at: dt.datetime
    ) -> None:
        start, end = period_at(unit, "calendar", one, at)
        assert (start, end) == period_at(unit, "calendar", other, at)
        for boundary in (start, end):
            assert boundary.time() == dt.time()
            assert unit != "week" or boundary.weekday() == 0
            assert unit not in ("month", "year") or boundary.day == 1
            assert unit != "year" or boundary.month == 1


class TestMonthEnds:
    @pytest.mark.parametrize(
        ("anchored_at", "starts"),
        [
            ("2027-01-31T08:30", ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"]),
            ("2028-01-31T08:30", ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]),
            ("2027-01-30T08:30", ["2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30"]),
            ("2027-01-29T08:30", ["2027-01-29", "2027-02-28", "2027-03-29"]),
            ("2028-01-29T08:30", ["2028-01-29", "2028-02-29", "2028-03-29"]),
            ("2027-12-31T08:30", ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]),
        ],
    )
    def test_months_return_to_their_day(self, anchored_at: str, starts: list[str]) -> None:
        anchor = utc(anchored_at)
        at = anchor
        for expected in starts:
            start, at = period_at("month", "subscription", anchor, at)
            assert start == utc(f"{expected}T08:30")

    def test_a_year_from_leap_day_returns_to_leap_day(self) -> None:
        anchor = at = utc("2024-02-29T12:00")
        for expected in ("2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"):
            start, at = period_at("year", "subscription", anchor, at)
            assert start == utc(f"{expected}T12:00")

    def test_the_instant_of_a_boundary_belongs_to_the_later_period(self) -> None:
        anchor = utc("2027-01-31T08:30")
        boundary = utc("2027-02-28T08:30")
        assert period_at("month", "subscription", anchor, boundary - TICK) == (anchor, boundary)
        assert period_at("month", "subscription", anchor, boundary) == (boundary, utc("2027-03-31T08:30"))

    def test_leap_day_is_a_day(self) -> None:
        day = (utc("2028-02-29"), utc("2028-03-01"))
        assert period_at("day", "calendar", utc("2020-01-01"), utc("2028-02-29T23:59:59")) == day

    def test_before_the_subscription_began(self) -> None:
        period = period_at("month", "subscription", utc("2027-03-31"), utc("2027-03-30"))
        assert period == (utc("2027-02-28"), utc("2027-03-31"))


class TestRefusals:
    def test_a_time_without_a_zone(self) -> None:
        aware, naive = utc("2027-01-01"), dt.datetime(2027, 1, 1)  # noqa: DTZ001
        for anchored_at, at in ((naive, aware), (aware, naive)):
            with pytest.raises(ValueError, match="aware"):
                period_at("day", "calendar", anchored_at, at)

    @pytest.mark.parametrize(("unit", "anchor"), [("hour", "calendar"), ("", "calendar"), ("day", "moon"), ("day", "")])
    def test_unknown_words(self, unit: str, anchor: str) -> None:
        with pytest.raises(ValueError, match="unknown"):
            period_at(unit, anchor, utc("2027-01-01"), utc("2027-01-01"))
