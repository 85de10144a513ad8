"""Charts do not lie: they start at zero, show gaps as gaps, and mark the bucket that is not over."""

import datetime as dt
import itertools

import pytest
from django.utils import translation

from apps.portal import charts
from apps.portal.charts import Bucket, Series
from tests.portal.rendering import render


def buckets(count: int, *, incomplete: int | None = None) -> list[Bucket]:
    return [Bucket(f"b{index}", f"Bucket {index}", index == incomplete) for index in range(count)]


class TestTicks:
    @pytest.mark.parametrize(
        ("highest", "whole", "expected"),
        [
            (0, True, [0, 1]),
            (1, True, [0, 1]),
            (3, True, [0, 1, 2, 3]),
            (7, True, [0, 2, 4, 6, 8]),
            (100, True, [0, 25, 50, 75, 100]),
            (9500, True, [0, 2500, 5000, 7500, 10000]),
            (0.8, False, [0, 0.2, 0.4, 0.6, 0.8]),
        ],
    )
    def test_are_round_and_reach_the_highest_value(self, highest: float, whole: bool, expected: list[float]) -> None:
        assert charts.nice_ticks(highest, whole=whole) == expected

    @pytest.mark.parametrize("highest", [1, 2, 9, 10, 11, 99, 101, 2.5, 12345, 999_999_999])
    def test_are_few_and_begin_at_zero(self, highest: float) -> None:
        ticks = charts.nice_ticks(highest)
        assert ticks[0] == 0
        assert ticks[-2] < highest <= ticks[-1]
        assert len(ticks) <= 6
        assert all(tick % 1 == 0 for tick in ticks)


class TestBars:
    def test_stack_from_zero_to_the_sum(self) -> None:
        chart = charts.bar_chart(
            "Calls", buckets(1), [Series("ok", [75], "1"), Series("failed", [25], "red")], summary="", height=100
        )
        lower, upper = chart.bars
        assert (lower.y, lower.height) == (25, 75)
        assert (upper.y, upper.height) == (0, 25)
        assert upper.tone == "red"

    def test_what_is_not_zero_can_be_seen(self) -> None:
        chart = charts.bar_chart("Calls", buckets(2), [Series("calls", [100_000, 1])], summary="", height=100)
        assert chart.bars[1].height == 1

    def test_nothing_is_drawn_for_zero(self) -> None:
        chart = charts.bar_chart("Calls", buckets(2), [Series("calls", [0, 5])], summary="")
        assert len(chart.bars) == 1
        assert not chart.is_empty

    def test_fill_the_width_whatever_their_number(self) -> None:
        chart = charts.bar_chart("Calls", buckets(30), [Series("calls", [1] * 30)], summary="")
        assert chart.bars[0].x > 0
        assert chart.bars[-1].x + chart.bars[-1].width < 100
        assert [round(row.x + chart.slot_width, 1) for row in chart.rows][-1] == 100

    def test_only_the_bucket_that_is_not_over_is_hatched(self) -> None:
        chart = charts.bar_chart(
            "Calls", buckets(3, incomplete=2), [Series("calls", [4, 4, 4], "1")], summary="", height=100
        )
        html = render('<c-chart :chart="chart" id="calls" />', chart=chart)
        assert html.count('fill="url(#calls-hatch-1)" data-incomplete') == 1
        assert html.count('<rect class="chart-bar tone-1"') == 3

    def test_an_empty_chart_says_what_to_do(self) -> None:
        chart = charts.bar_chart("Calls", buckets(3), [Series("calls", [0, 0, 0])], summary="")
        assert chart.is_empty
        html = render('<c-chart :chart="chart" id="calls">Send the first call.</c-chart>', chart=chart)
        assert "Send the first call." in html


class TestLines:
    def test_a_missing_value_is_a_gap_and_not_a_zero(self) -> None:
        chart = charts.line_chart("Latency", buckets(5), [Series("p50", [10, 10, None, 10, 10])], summary="")
        (line,) = chart.lines
        assert line.path.count("M") == 2
        assert chart.rows[2].cells == ["–"]

    def test_a_single_value_between_gaps_is_a_dot(self) -> None:
        chart = charts.line_chart("Latency", buckets(3), [Series("p50", [None, 10, None])], summary="", height=100)
        assert chart.lines[0].path == "M500.0 0.0h0"

    def test_the_step_into_the_open_bucket_is_drawn_apart(self) -> None:
        series = [Series("p50", [10, 10, 10])]
        chart = charts.line_chart("Latency", buckets(3, incomplete=2), series, summary="")
        (line,) = chart.lines
        assert line.path.count("L") == 1
        assert line.open_path.count("L") == 1
        assert chart.incomplete_x == pytest.approx(66.67)

    def test_names_at_the_ends_do_not_touch(self) -> None:
        series = [Series(name, [value]) for name, value in (("p99", 3), ("p95", 2), ("p50", 1), ("p10", 100))]
        chart = charts.line_chart("Latency", buckets(1), series, summary="", height=100)
        heights = [end.y for end in chart.ends]
        assert [end.text for end in chart.ends] == ["p10", "p99", "p95", "p50"]
        assert all(lower - upper >= 14 for upper, lower in itertools.pairwise(heights))
        assert heights[-1] <= 100

    def test_one_line_needs_no_name(self) -> None:
        assert charts.line_chart("Calls", buckets(2), [Series("calls", [1, 2])], summary="").ends == []


class TestPeaks:
    """One call that ran into its timeout must not press every other day onto the axis."""

    def test_what_towers_over_the_rest_is_cut_off_and_marked_with_its_value(self) -> None:
        p50, p95 = [10, 12, 8, None, 9, 11], [40, 50, 30, None, 17_000, 45]
        chart = charts.line_chart(
            "Latency", buckets(6), [Series("p50", p50), Series("p95", p95, "2")], summary="", height=100
        )
        assert chart.ticks[-1].text == "60"
        (peak,) = chart.peaks
        assert (peak.x, peak.tone, peak.text) == (75.0, "2", "17\u202f000")
        assert chart.rows[4].cells == ["9", "17\u202f000"]
        html = render('<c-chart :chart="chart" id="c" />', chart=chart)
        assert "Higher than the axis" in html
        assert html.count("17\u202f000") == 3  # at its mark, in the slot's title and in the table

    @pytest.mark.parametrize(
        "values", [[10, 17_000], [10, 12, 8, 9, 30], [5, 900, 6, 800, 7], [0, 0, 0, 0, 9], [17_000] * 5]
    )
    def test_nothing_else_is_cut_off(self, values: list[float]) -> None:
        chart = charts.line_chart("Latency", buckets(len(values)), [Series("p95", values)], summary="", height=100)
        assert chart.peaks == []
        assert "Higher than the axis" not in render('<c-chart :chart="chart" id="c" />', chart=chart)

    def test_texts_of_neighbours_do_not_overlap(self) -> None:
        values = [10.0] * 30
        values[3] = values[4] = values[20] = 5000
        peaks = charts.line_chart("Latency", buckets(30), [Series("p95", values)], summary="").peaks
        assert [bool(peak.text) for peak in peaks] == [True, False, True]


class TestSeries:
    def test_more_than_five_end_in_other(self) -> None:
        series = [Series(f"key {index}", [index, index]) for index in range(1, 8)]
        limited = charts.limit_series(series)
        assert [one.name for one in limited] == ["key 7", "key 6", "key 5", "key 4", "Other"]
        assert limited[-1].values == [6, 6]  # 1 + 2 + 3
        assert [one.tone for one in limited] == ["1", "2", "3", "4", "5"]

    def test_five_are_left_as_they_are(self) -> None:
        assert len(charts.limit_series([Series(str(index), [1]) for index in range(5)])) == 5


class TestBuckets:
    def test_today_is_not_over(self) -> None:
        days = charts.day_buckets(dt.date(2026, 11, 20), 3, dt.date(2026, 11, 22))
        assert [day.incomplete for day in days] == [False, False, True]
        assert [day.short for day in days] == ["20 Nov", "21 Nov", "22 Nov"]

    def test_the_current_hour_is_not_over(self) -> None:
        now = dt.datetime(2026, 11, 22, 14, 59, 59, tzinfo=dt.UTC)
        hours = charts.hour_buckets(dt.datetime(2026, 11, 22, 13, tzinfo=dt.UTC), 3, now)
        assert [hour.incomplete for hour in hours] == [False, True, False]
        assert hours[1].title == "22 Nov, 14:00 UTC"


def test_every_number_of_a_chart_stands_in_its_table() -> None:
    series = [Series("Successful", [1200, 0]), Series("Failed", [3, None], "red")]
    html = render('<c-chart :chart="chart" id="c" />', chart=charts.bar_chart("Calls", buckets(2), series, summary=""))
    table = html[html.index("<table") :]
    assert table.count("<tr>") == 3
    for cell in ("1\u202f200", ">0<", ">3<", "–", "Successful", "Failed", "Bucket 1"):
        assert cell in table


def test_positions_are_numbers_in_every_language() -> None:
    """A decimal comma would be no number in SVG."""
    chart = charts.bar_chart("Calls", buckets(3), [Series("calls", [1, 2, 3])], summary="")
    with translation.override("de"):
        html = render('<c-chart :chart="chart" id="c" />', chart=chart)
        html += render('<c-quota label="Units" :used="1" :included="3" />')
    assert 'x="33.33%"' in html
    assert 'width="33.33%"' in html


def test_a_chart_has_no_inline_style() -> None:
    chart = charts.line_chart("Calls", buckets(4, incomplete=3), [Series("calls", [1, 2, 3, 4])], summary="")
    assert "style=" not in render('<c-chart :chart="chart" id="c" />', chart=chart)
